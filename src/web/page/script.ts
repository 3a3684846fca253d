/**
 * The program of the page: plain JavaScript for the browser. Texts of others are only ever set as text, so that no name of a
 * machine becomes markup.
 */
export const script = `
'use strict';
const get = async (path) => { const answer = await fetch(path); if (!answer.ok) throw new Error(path + ': ' + answer.status); return answer.json(); };
// The hypervisor that the address of the page names; null is the default one.
const named = () => new URLSearchParams(location.search).get('hypervisor');
let hypervisor = named();
// Goes up with each choice: what was asked for before it is of no interest any more.
let turn = 0;
const of = (path) => hypervisor === null ? path : path + (path.includes('?') ? '&' : '?') + 'hypervisor=' + encodeURIComponent(hypervisor);
const by = (id) => document.getElementById(id);
const make = (tag, text, className) => { const node = document.createElement(tag); if (text !== undefined) node.textContent = text; if (className) node.className = className; return node; };
const size = (bytes) => { if (bytes === undefined) return ''; const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']; let at = 0; let value = Number(bytes); while (value >= 1024 && at < 4) { value /= 1024; at += 1; } return (value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)) + ' ' + units[at]; };
const rate = (bytes) => bytes === undefined ? '' : size(bytes) + '/s';
const percent = (hundredths) => hundredths === undefined ? '' : (hundredths / 100).toFixed(1) + ' %';
const known = (title, hundredths) => hundredths === undefined ? '' : title + percent(hundredths);
// libvirt may not have told it yet.
const stateOf = (one) => ({ stateText: one.stateText === undefined ? 'unknown' : one.stateText, severity: one.severity });
const columns = [
  { key: 'name', title: 'Machine', text: (row) => row.name },
  { key: 'stateText', title: 'State', text: (row) => row.stateText, mark: true },
  { key: 'cpu', title: 'CPU', text: (row) => percent(row.cpu), number: true },
  { key: 'memory', title: 'Memory', text: (row) => size(row.memory), number: true },
  { key: 'read', title: 'Disk read', text: (row) => rate(row.read), number: true },
  { key: 'write', title: 'Disk write', text: (row) => rate(row.write), number: true },
  { key: 'receive', title: 'Net in', text: (row) => rate(row.receive), number: true },
  { key: 'transmit', title: 'Net out', text: (row) => rate(row.transmit), number: true },
];
const marks = { okay: '\\u25cf', warning: '\\u25b2', failure: '\\u25a0' };
let rows = []; let sort = { key: 'name', down: false }; let before; let events = [];
const pages = async (path, list) => { const all = []; let after = 0; while (after !== undefined) { const page = await get(of(path + (path.includes('?') ? '&' : '?') + 'limit=5000&after=' + after)); all.push(...page[list]); after = page.next; } return all; };
const sums = (list, index, names) => { const result = new Map(); for (const row of list) { const own = result.get(row[index]) || names.map(() => 0); names.forEach((name, at) => { own[at] += Number(row[name] || 0); }); result.set(row[index], own); } return result; };
const choices = async () => {
  const { hypervisors } = await get('api/v1/hypervisors');
  const select = by('hypervisor'); const first = hypervisors.find((one) => one.default) || hypervisors[0];
  by('choice').hidden = hypervisors.length < 2;
  // One that is no longer there: the default one is shown instead.
  if (hypervisor !== null && !hypervisors.some((one) => one.name === hypervisor)) { history.replaceState(null, '', location.pathname); turnTo(null); return; }
  const options = [...select.options];
  if (options.length !== hypervisors.length || hypervisors.some((one, at) => options[at].value !== one.name)) select.replaceChildren(...hypervisors.map((one) => { const option = make('option'); option.value = one.name; return option; }));
  for (const [at, one] of hypervisors.entries()) {
    const text = one.name + (one.state === 'connected' ? '' : ' (' + one.state + ')') + (one.failure > 0 ? ': ' + one.failure + ' failed' : '');
    if (select.options[at].textContent !== text) select.options[at].textContent = text;
  }
  const value = hypervisor === null ? first.name : hypervisor;
  if (select.value !== value) select.value = value;
  for (const link of document.querySelectorAll('a.own')) { link.dataset.path = link.dataset.path || link.getAttribute('href'); link.setAttribute('href', of(link.dataset.path)); }
};
const load = async () => {
  const mine = turn;
  await choices();
  if (mine !== turn) return;
  const [scalars, domains, disks, nics] = await Promise.all([
    get(of('api/v1/scalars')), pages('api/v1/domains', 'domains'),
    pages('api/v1/tables/vmStorageTable?columns=vmStorageReadOctets,vmStorageWriteOctets', 'rows'),
    pages('api/v1/tables/lveNicTable?columns=lveNicRxBytes,lveNicTxBytes', 'rows'),
  ]);
  if (mine !== turn) return;
  const now = { at: Date.parse(scalars.lveRefreshLastTime), disks: sums(disks, 'vmStorageVmIndex', ['vmStorageReadOctets', 'vmStorageWriteOctets']), nics: sums(nics, 'lveDomIndex', ['lveNicRxBytes', 'lveNicTxBytes']) };
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  const grown = (kind, index, at) => { const last = before && before[kind].get(index); const next = now[kind].get(index); if (!last || !next || !(seconds > 0)) return undefined; return Math.max(0, (next[at] - last[at]) / seconds); };
  // The moment is not known before the first refresh.
  if (before === undefined || seconds !== 0) {
    rows = domains.filter((one) => one.presence === 'present').map((one) => ({
      index: one.index, name: one.name, ...stateOf(one),
      cpu: one.cpu && one.cpu.percent, memory: one.memory && (one.memory.rss || one.memory.current),
      read: grown('disks', one.index, 0), write: grown('disks', one.index, 1), receive: grown('nics', one.index, 0), transmit: grown('nics', one.index, 1),
    }));
    before = now;
  } else {
    for (const row of rows) { const one = domains.find((each) => each.index === row.index); if (one) Object.assign(row, stateOf(one)); }
  }
  const age = Math.max(0, Math.round((Date.now() - now.at) / 1000));
  // Before the first refresh there is no age, and nothing has been counted.
  const isRead = !Number.isNaN(age);
  const old = isRead && age > 3 * scalars.lveRefreshInterval;
  by('host').textContent = scalars.lveHostName || scalars.lveConnUri;
  document.title = (scalars.lveHostName || scalars.lveConnUri) + ' - libvirt-agentx';
  by('connection').textContent = scalars.lveConnUri + ', ' + scalars.lveConnState; by('connection').className = scalars.lveConnState === 'connected' ? 'soft' : 'failure';
  by('age').textContent = isRead ? 'data ' + age + ' s old' : 'no data yet'; by('age').className = old ? 'failure' : 'soft';
  by('sum').textContent = !isRead ? '' : scalars.lveDomainsActive + ' active, ' + scalars.lveDomainsInactive + ' off; ' + scalars.lveDomainsFailure + ' failed, ' + scalars.lveDomainsWarning + ' to look at' + known('; host CPU ', scalars.lveHostCpuUtil) + known('; host memory ', scalars.lveHostMemUsedPercent);
  show();
};
const show = () => {
  const wanted = by('filter').value.toLowerCase();
  const list = rows.filter((row) => (row.name + ' ' + row.stateText).toLowerCase().includes(wanted));
  const value = (row) => row[sort.key] === undefined ? -1 : row[sort.key];
  list.sort((a, b) => { const order = typeof value(a) === 'string' || typeof value(b) === 'string' ? String(value(a)).localeCompare(String(value(b)), undefined, { numeric: true }) : value(a) - value(b); return sort.down ? -order : order; });
  const body = by('rows'); const fresh = document.createDocumentFragment();
  for (const row of list.slice(0, 1000)) {
    const line = make('tr');
    for (const column of columns) {
      const cell = make('td', undefined, column.number ? 'number' : column.key === 'name' ? 'name' : row.severity);
      if (column.mark) { const sign = make('span', (marks[row.severity] || '') + ' '); sign.setAttribute('aria-hidden', 'true'); cell.append(sign); }
      if (column.key === 'name') { const link = make('a', row.name); link.href = of('api/v1/domains/' + row.index); link.title = row.name; cell.append(link); } else cell.append(column.text(row));
      line.append(cell);
    }
    fresh.append(line);
  }
  const focused = document.activeElement && document.activeElement.closest && document.activeElement.closest('#rows a') ? document.activeElement.getAttribute('href') : undefined;
  body.replaceChildren(fresh);
  if (focused !== undefined) { const again = [...body.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused); if (again) again.focus(); }
  by('count').textContent = list.length + ' of ' + rows.length + ' machines' + (list.length > 1000 ? ', the first 1000 shown' : '');
  for (const head of document.querySelectorAll('th')) { if (head.dataset.key === sort.key) head.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending'); else head.removeAttribute('aria-sort'); }
};
const showEvents = () => { const list = events.slice(-20).reverse().map((event) => { const item = make('li'); item.append(make('span', new Date(event.time).toLocaleTimeString() + ' ', 'soft'), make('span', (marks[event.severity] || '') + ' ', event.severity), make('strong', event.subject || event.kind), ' ' + event.name + (event.text ? ': ' + event.text : '')); return item; }); by('events').replaceChildren(...(list.length ? list : [make('li', 'none yet', 'soft')])); };
const head = by('heads');
for (const column of columns) { const cell = make('th', undefined, column.number ? 'number' : ''); cell.scope = 'col'; cell.dataset.key = column.key; const button = make('button', column.title); button.type = 'button'; button.addEventListener('click', () => { sort = { key: column.key, down: sort.key === column.key ? !sort.down : column.number === true }; show(); }); cell.append(button); head.append(cell); }
by('filter').addEventListener('input', show);
document.addEventListener('keydown', (event) => { if (event.key === '/' && document.activeElement !== by('filter')) { event.preventDefault(); by('filter').focus(); } if (event.key === 'Escape') { by('filter').value = ''; show(); } });
let timer;
const again = async () => {
  const mine = turn;
  try { await load(); if (mine === turn) by('trouble').textContent = ''; } catch (error) { if (mine === turn) by('trouble').textContent = 'No answer from the agent: ' + error.message; }
  if (mine === turn) timer = setTimeout(again, 3000);
};
let source;
const listen = async () => {
  const mine = turn;
  let known; try { known = (await get(of('api/v1/events?limit=20'))).events; } catch { known = []; }
  const kinds = (await get('api/openapi.json'))['x-event-kinds'];
  if (mine !== turn) return;
  events = known; showEvents();
  source = new EventSource(of('api/v1/events?after=' + (events.length ? events[events.length - 1].seq : 0)));
  for (const kind of kinds) source.addEventListener(kind, (message) => { events.push(JSON.parse(message.data)); events = events.slice(-100); showEvents(); });
};
const turnTo = (name) => { hypervisor = name; turn += 1; clearTimeout(timer); if (source) source.close(); before = undefined; rows = []; events = []; show(); showEvents(); again(); listen(); };
by('hypervisor').addEventListener('change', () => { const { value } = by('hypervisor'); history.pushState(null, '', '?hypervisor=' + encodeURIComponent(value)); turnTo(value); });
addEventListener('popstate', () => turnTo(named()));
again(); listen();
`;
