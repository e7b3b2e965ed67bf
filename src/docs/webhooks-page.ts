/** /docs/webhooks: how to receive events and make sure that they are genuine. */
import { LIMITS } from "../config.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { EVENTS } from "../resources/events.ts";
import {
  ATTEMPT_DELAYS_MS,
  FAILING_TO_DISABLE_MS,
  FAILURES_TO_DISABLE,
} from "../webhooks/schedule.ts";
import { DELIVERY_HEADERS, EXAMPLE_DELIVERY, EXAMPLE_SECRET, eventExample } from "./events.ts";
import { codeBlock, type Html, html, jsonBlock, sentence } from "./html.ts";
import standardSnippet from "./standard.ts.txt" with { type: "text" };
import pythonSnippet from "./verify.py.txt" with { type: "text" };
import typescriptSnippet from "./verify.ts.txt" with { type: "text" };

const SECTIONS = [
  ["receiving", "Receiving"],
  ["headers", "Headers"],
  ["verifying", "Verifying"],
  ["retries", "Retries"],
  ["switching-off", "Switching off"],
  ["events", "Events"],
] as const;

const heading = (id: (typeof SECTIONS)[number][0]) =>
  html`<h2 id="${id}"><a href="#${id}">${SECTIONS.find(([known]) => known === id)![1]}</a></h2>`;

function duration(ms: number): string {
  if (ms === 0) return "at once";
  const minutes = ms / 60_000;
  if (minutes < 60) return `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  return `${minutes / 60} ${minutes === 60 ? "hour" : "hours"}`;
}

const receiving = (): Html => html`${heading("receiving")}
<p>Create a subscription with ${sentence("`POST /v1/webhook-subscriptions`")}: an https address and the events it is for. The answer holds the secret that signs its deliveries, this once. Each event is then a POST to the address, with a JSON body.</p>
<ul>
<li>The address has to be reachable from the public internet. Private addresses are refused, unless the owner of the server has opened their network with ${sentence("`--webhook-allow`")}.</li>
<li>Answer with any 2xx within 10 seconds. Everything else is a failure, redirects too, which are not followed. Answer first and work afterwards.</li>
<li>An event may come more than once. It has one ${sentence("`id`")}, the same for every attempt and every subscription: remember it, and pass over what you have seen.</li>
<li>Events come in their order as long as deliveries succeed. After a failure later ones may overtake it; ${sentence("`created_at`")} tells when each happened.</li>
<li>An event is stored together with the change that raised it, so a crash of the server loses none.</li>
<li>Fields may be added. Pass over those you do not know.</li>
</ul>`;

const headers = (): Html => html`${heading("headers")}
<div class="table" tabindex="0"><table>
<thead><tr><th>Header</th><th>What it is</th></tr></thead>
<tbody>${DELIVERY_HEADERS.map(
  ({ name, meaning, example }) =>
    html`<tr><td><code>${name}</code></td><td>${sentence(meaning)}<br><code class="example">${example}</code></td></tr>`,
)}</tbody>
</table></div>`;

const verifying = (): Html => html`${heading("verifying")}
<p>Anybody can send a POST to your address. The signature tells whether a delivery is genuine, and the timestamp whether it is recent; refuse what is older than 5 minutes. Check the body exactly as it was received: parsing and printing JSON changes its bytes.</p>
<h3>TypeScript</h3>
<p>With Node and nothing else. In Express the raw body is there with ${sentence('`express.raw({ type: "application/json" })`')}.</p>
${codeBlock(typescriptSnippet)}
<h3>Python</h3>
<p>With the standard library. In Flask the raw body is ${sentence("`request.get_data()`")}, in Django ${sentence("`request.body`")}.</p>
${codeBlock(pythonSnippet)}
<h3>Any other language</h3>
<p>Each delivery is also signed by the rules of Standard Webhooks, with the same secret, so a library for them verifies it as it is:</p>
${codeBlock(standardSnippet)}
<h3>An example to try</h3>
<p>This delivery is genuine. Its secret is ${sentence(`\`${EXAMPLE_SECRET}\``)}; set the clock of your check to its timestamp.</p>
<pre tabindex="0" id="example-headers"><code>${DELIVERY_HEADERS.map(
  ({ name, example }) => html`<i class="key">${name}</i>: ${example}\n`,
)}</code></pre>
<pre tabindex="0" class="wrap" id="example-body"><code>${EXAMPLE_DELIVERY.body}</code></pre>`;

const retries = (): Html => html`${heading("retries")}
<p>A delivery is tried up to ${ATTEMPT_DELAYS_MS.length} times, each time so long after the attempt before. Every attempt is signed afresh; the body stays the same, byte for byte.</p>
<ol class="steps">${ATTEMPT_DELAYS_MS.map((ms) => html`<li>${duration(ms)}</li>`)}</ol>
<p>After the last one it has failed for good. What became of each attempt is kept for ${LIMITS.deliveryDays} days at ${sentence("`GET /v1/webhook-subscriptions/{id}/deliveries`")}. ${sentence("`POST …/deliveries/{delivery_id}/retry`")} begins a new round for a delivery that failed.</p>
<p>${sentence("`POST /v1/webhook-subscriptions/{id}/test`")} sends a sample of an event, with ${sentence('`"test": true`')} in its envelope. It is tried once and counts for nothing.</p>`;

const switchingOff = (): Html => html`${heading("switching-off")}
<p>A subscription that is plainly broken is switched off, and ${sentence("`auto_disabled_reason`")} says why:</p>
<dl>
<dt><code>consecutive_failures</code></dt><dd>${FAILURES_TO_DISABLE} events in a row failed for good.</dd>
<dt><code>no_success</code></dt><dd>Deliveries have failed for ${FAILING_TO_DISABLE_MS / 86_400_000} days without one success.</dd>
</dl>
<p>One success clears both counts. What still waits when a subscription is switched off or deleted is not sent. ${sentence('`PUT {"enabled": true}`')} switches it on again. ${sentence("`POST …/rotate-secret`")} makes a new secret; from then on the old one signs nothing.</p>`;

const event = (type: EventType): Html => html`<section id="${type}">
<h3><a href="#${type}">${type}</a></h3>
<p>${sentence(EVENTS[type].meaning)}</p>
${jsonBlock(eventExample(type))}
</section>`;

export const webhooksBody = (): Html => html`<main class="with-contents">
<div class="opening">
<h1>Webhooks</h1>
<p class="lead">Be told when something happens, in place of asking again and again.</p>
</div>
<nav class="contents" aria-label="On this page">
<p>On this page</p>
<ul>${SECTIONS.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul>
<p>Events</p>
<ul>${EVENT_TYPES.map((type) => html`<li><a href="#${type}">${type}</a></li>`)}</ul>
</nav>
<article>
${receiving()}
${headers()}
${verifying()}
${retries()}
${switchingOff()}
${heading("events")}
<p>Every body is an envelope with ${sentence("`id`, `type`, `created_at`, `api_version` and `data`")}.</p>
${EVENT_TYPES.map(event)}
</article>
</main>`;
