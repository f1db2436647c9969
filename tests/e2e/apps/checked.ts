import * as v from "valibot";
import { z } from "zod";

const shape = z.object({ name: z.string().min(1), age: z.number().int() });
const same = v.object({ name: v.pipe(v.string(), v.minLength(1)), age: v.pipe(v.number(), v.integer()) });

export default {
  async fetch(request: Request): Promise<Response> {
    const body = await request.json();
    const byZod = shape.safeParse(body);
    const byValibot = v.safeParse(same, body);
    return Response.json({ zod: byZod.success, valibot: byValibot.success, issues: byZod.success ? [] : byZod.error.issues.map((issue) => issue.path.join(".")) });
  },
};
