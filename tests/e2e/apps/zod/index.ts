import { z } from "zod";

const Order = z.object({
  id: z.uuid(),
  email: z.email(),
  lines: z.array(z.object({ sku: z.string().regex(/^[A-Z]{3}-\d+$/), count: z.int().positive().max(99) })).min(1),
  placed: z.iso.datetime().transform((text) => new Date(text).getTime()),
  note: z.string().trim().default("none"),
});

export default {
  async fetch(request: Request): Promise<Response> {
    const result = Order.safeParse(await request.json());
    if (result.success) return Response.json(result.data);
    return Response.json(result.error.issues.map(({ path, code }) => `${path.join(".")}: ${code}`), { status: 422 });
  },
};
