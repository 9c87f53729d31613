// The store of a Durable Object holds what the port states: the kit of all stores, told inside workerd.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./host.mjs";

let host;
before(async () => (host = await start()));
after(() => host.stop());

test("the store of a Durable Object conforms", async () => {
  const { passed, failed } = await host.json("/kit");
  assert.deepEqual(failed, []);
  assert.ok(passed.length >= 39, `${passed.length} cases were told`);
});
