/** The part of the benchmark about stalls: how long one client waits while others keep the server busy. */
import { openAppliance } from "../src/appliance.ts";
import { defaultConfig } from "../src/config.ts";
import { createKey, type Install } from "./bench-data.ts";
import {
  formatNumber,
  median,
  printLine,
  type RunningServer,
  SECONDS,
  startProduct,
} from "./bench-tools.ts";

const CLIENTS = 10;
/** Between two probes, so that the probe itself is no load. */
const PAUSE_MS = 5;

/** What the others do: each of them sends `request` again and again, with a key of its own. */
interface Case {
  name: string;
  request(url: string, token: string): Promise<Response>;
}

const get = (url: string, token: string): Promise<Response> =>
  fetch(url, { headers: { authorization: `Bearer ${token}` } });

/** As many words of one letter as a search may have. */
const MANY_WORDS = Array.from({ length: 100 }, (_, n) => "abcdefghijklmnopqrstuvwxyz"[n % 26]);

const CASES: readonly Case[] = [
  {
    name: "searches of many short words",
    request: (url, token) => get(`${url}/v1/calls?q=${MANY_WORDS.join("+")}`, token),
  },
  {
    name: "searches of a common word",
    request: (url, token) => get(`${url}/v1/calls?q=parking`, token),
  },
  {
    name: "filters without an index",
    request: (url, token) => get(`${url}/v1/calls?direction=outbound`, token),
  },
];

/** Measures `GET /v1/me` on an idle server, and during each case. */
export async function measureStalls({ data, token }: Install): Promise<void> {
  const appliance = openAppliance(defaultConfig({ data }), {}, false);
  const others: string[] = [];
  while (others.length < CLIENTS) others.push(await createKey(appliance, "live"));
  await appliance.close();
  const server = await startProduct(data);
  await probe(server, token);
  printWaits("nobody else sends requests", await probe(server, token));
  for (const { name, request } of CASES) {
    let isOver = false;
    let answers = 0;
    const load = others.map(async (other) => {
      while (!isOver) {
        await (await request(server.url, other)).bytes();
        answers += 1;
      }
    });
    printWaits(`${CLIENTS} clients send ${name}`, await probe(server, token), answers);
    isOver = true;
    await Promise.all(load);
  }
  await server.stop();
}

/** The milliseconds that each request of one client took. */
async function probe({ url }: RunningServer, token: string): Promise<number[]> {
  const waits: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const before = performance.now();
    await (await get(`${url}/v1/me`, token)).bytes();
    waits.push(performance.now() - before);
    await Bun.sleep(PAUSE_MS);
  }
  return waits;
}

function printWaits(name: string, waits: number[], answers?: number): void {
  const p99 = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)]!;
  const times = `p50 ${formatNumber(median(waits))} ms, p99 ${formatNumber(p99)} ms`;
  const rate = answers === undefined ? "" : `, ${formatNumber(answers / SECONDS)} answers /s`;
  printLine(`GET /v1/me while ${name}`, times + rate);
}
