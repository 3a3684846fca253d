import { describe, expect, it } from 'vitest';
import { connectFailure } from '../../../src/agentx/connect-failure.ts';

const unix = { kind: 'unix', path: '/var/agentx/master' } as const;
const tcp = { kind: 'tcp', host: 'snmp.example.net', port: 705 } as const;
const failure = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

describe('a connection that cannot be made', () => {
  it.each([
    ['EACCES', unix, /agentXPerms 0660 0755 -1 GROUP.*directory/],
    ['ENOENT', unix, /master agentx/],
    ['ECONNREFUSED', unix, /Start snmpd/],
    ['ECONNREFUSED', tcp, /agentXSocket/],
    ['ENOTFOUND', tcp, /agentx.address with DNS/],
    ['ETIMEDOUT', tcp, /firewall/],
    ['EMFILE', unix, /LimitNOFILE.*ulimit -n/],
    ['EAFNOSUPPORT', tcp, /drop-in.*network.conf.example/],
    ['ENFILE', tcp, /LimitNOFILE.*ulimit -n/],
  ] as const)('because of %s at %o has a remedy', (code, address, remedy) => {
    const cause = failure(code);
    const error = connectFailure(address, cause);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', cause });
    expect(error.remedy).toMatch(remedy);
    expect(error.message).toContain(address.kind === 'unix' ? address.path : address.host);
  });

  it('for another reason says just that', () => {
    expect(connectFailure(unix, failure('EPROTO'))).toMatchObject({
      message: 'cannot connect to the AgentX master at unix:/var/agentx/master: connect EPROTO',
      remedy: undefined,
    });
  });
});
