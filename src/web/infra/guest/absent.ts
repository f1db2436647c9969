/** What the engine brings and an isolate may not have: memory that two agents could share would be a clock, and there is nobody to share with. */
delete (globalThis as { SharedArrayBuffer?: unknown }).SharedArrayBuffer;
