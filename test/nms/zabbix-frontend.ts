import type { ZabbixServer } from './zabbix-server.ts';

/** Logs in to the pages that people use; returns the cookie. */
export async function openFrontend({ url }: ZabbixServer): Promise<string> {
  const reply = await fetch(`${url}/index.php`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ name: 'Admin', password: 'zabbix', autologin: '1', enter: 'Sign in' }),
  });
  const cookies = reply.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '');
  if (reply.status !== 302 || cookies.length === 0) throw new Error(`log-in: ${await reply.text()}`);
  return cookies.join('; ');
}

/** The picture of a graph (PNG), as a dashboard shows it. */
export async function drawGraph({ url }: ZabbixServer, cookie: string, graphId: string): Promise<Buffer> {
  const query = new URLSearchParams({
    graphid: graphId,
    from: 'now-1h',
    to: 'now',
    width: '600',
    height: '200',
    profileIdx: 'web.charts.filter',
  });
  const reply = await fetch(`${url}/chart2.php?${query.toString()}`, { headers: { Cookie: cookie } });
  return Buffer.from(await reply.arrayBuffer());
}

/** The page with a dashboard of a host. */
export async function hostDashboardPage(
  { url }: ZabbixServer,
  cookie: string,
  hostId: string,
  dashboardId: string,
): Promise<string> {
  const query = new URLSearchParams({
    action: 'host.dashboard.view',
    hostid: hostId,
    dashboardid: dashboardId,
  });
  return await (await fetch(`${url}/zabbix.php?${query.toString()}`, { headers: { Cookie: cookie } })).text();
}
