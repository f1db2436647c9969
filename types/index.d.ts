/// <reference path="./runtime.d.ts" />
/// <reference path="./files.d.ts" />
/// <reference path="./test.d.ts" />
