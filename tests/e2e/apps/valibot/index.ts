import * as v from "valibot";

const Signup = v.object({
  email: v.pipe(v.string(), v.trim(), v.toLowerCase(), v.email()),
  age: v.pipe(v.number(), v.integer(), v.minValue(18)),
  plan: v.optional(v.picklist(["free", "team"]), "free"),
});

export default {
  async fetch(request: Request): Promise<Response> {
    const result = v.safeParse(Signup, await request.json());
    return result.success ? Response.json(result.output) : Response.json(v.flatten(result.issues).nested, { status: 422 });
  },
} satisfies { fetch(request: Request): Promise<Response> };
