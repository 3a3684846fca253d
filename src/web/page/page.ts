import { createHash } from 'node:crypto';
import { script } from './script.ts';
import { style } from './style.ts';

const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** What a browser may do with the page: only what it brought along, and asking this server. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src ${sha256(style)}`,
  `script-src ${sha256(script)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page at `/`: one document that reads /api/v1. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>libvirt-agentx</title>
<style>${style}</style>
</head>
<body>
<header><h1 id="host">libvirt-agentx</h1><label id="choice" hidden>Hypervisor <select id="hypervisor"></select></label><span id="connection" class="soft"></span><span id="age" class="soft"></span></header>
<main>
<p id="sum" class="soft"></p>
<p id="trouble" class="failure" role="status"></p>
<div class="tools"><label>Filter <input id="filter" type="search" autocomplete="off" placeholder="name or state, key /"></label><span id="count" class="soft"></span></div>
<div class="scroll"><table><caption hidden>Virtual machines</caption><thead><tr id="heads"></tr></thead><tbody id="rows"></tbody></table></div>
<h2>Latest events</h2>
<ul id="events" class="events" aria-live="polite"></ul>
</main>
<footer><h2>What else is served</h2>
<p><a href="metrics">/metrics</a><a href="api/v1/domains" class="own">/api/v1/domains</a><a href="api/v1/tables">/api/v1/tables</a><a href="api/v1/events" class="own">/api/v1/events</a><a href="api/v1/dump" class="own">/api/v1/dump</a><a href="api/openapi.json">/api/openapi.json</a><a href="readyz">/readyz</a></p>
</footer>
<script>${script}</script>
</body>
</html>
`;
