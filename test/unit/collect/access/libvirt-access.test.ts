import { describe, expect, it } from 'vitest';
import { NotCalledError } from '../../../../src/collect/access/call-gate.ts';
import { LibvirtAccess } from '../../../../src/collect/access/libvirt-access.ts';
import type { LibvirtSession } from '../../../../src/collect/access/libvirt-session.ts';
import { CallTimeoutError } from '../../../../src/libvirt/call-errors.ts';
import { isUnknownProcedure, LibvirtError } from '../../../../src/libvirt/libvirt-error.ts';
import * as procedures from '../../../../src/libvirt/procedures.ts';
import type { DomainRef, Procedure } from '../../../../src/libvirt/protocol.ts';
import { virErrors } from '../../../../src/libvirt-enums/error-code.ts';

const never = new Promise<void>(() => {});

/** Lets every promise callback that is ready run. */
const settle = (): Promise<void> => new Promise((done) => setImmediate(done));

const domainRef = (name: string): DomainRef => ({ name, uuid: `uuid-${name}`, id: 1 });

/** Arguments that any procedure finds its domains in. */
const someArgs = { domain: domainRef('other'), domains: [domainRef('other')], flags: 0 };

type AnyProcedure = Procedure<unknown, unknown>;

/** What a call is answered with: the reply, or an error to reject with. */
type Answer = (procedure: AnyProcedure, args: unknown) => unknown;

/** Connections that note what is sent over each: `slow domainGetXMLDesc`. */
function makeAccess(answer: Answer = () => undefined, libVersion = 12_000_000) {
  const sent: string[] = [];
  const connection = (name: string) => {
    const call = async (procedure: AnyProcedure, args: unknown): Promise<unknown> => {
      sent.push(`${name} ${procedure.name}`);
      const reply = answer(procedure, args);
      if (reply instanceof Error) throw reply;
      return await reply;
    };
    return {
      call,
      callsUnderWay: name === 'readWrite' ? 1 : 0,
      submit: (
        procedure: AnyProcedure,
        args: unknown,
        _options: unknown,
        receiver: { readonly resolve: (reply: unknown) => void; readonly reject: (error: unknown) => void },
      ) => void call(procedure, args).then(receiver.resolve, receiver.reject),
    };
  };
  const connections = ['control', 'bulk', 'slow', 'readWrite', 'moreAgents'].map((name) => [
    name,
    connection(name),
  ]);
  const session = { ...Object.fromEntries(connections), libVersion } as LibvirtSession;
  const access = new LibvirtAccess(session, { timeoutMs: 1000, maxUnanswered: 3, isResponsive: () => true });
  return { access, sent };
}

/** What a promise rejects with; fails the test if it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

const { domainGetDiskErrors, domainGetState, domainGetVcpuPinInfo } = procedures;

describe('LibvirtAccess', () => {
  it('while saturated sends only what waits for nothing, of all procedures', async () => {
    const { access, sent } = makeAccess((procedure) =>
      procedure.name === 'domainGetDiskErrors'
        ? new CallTimeoutError('domainGetDiskErrors', 1000, never)
        : undefined,
    );
    for (const name of ['a', 'b', 'c']) {
      const args = { domain: domainRef(name), maxErrors: 1, flags: 0 };
      expect(await rejection(access.call(domainGetDiskErrors, args))).toBeInstanceOf(CallTimeoutError);
    }
    sent.length = 0;
    const all = Object.values(procedures) as unknown as AnyProcedure[];
    for (const procedure of all) {
      const outcome = access.call(procedure, someArgs);
      const many: unknown[] = [];
      if (procedure.waitsFor === 'nothing') await outcome;
      else expect(await rejection(outcome)).toMatchObject({ why: 'saturated' });
      await access.callEach(procedure, [1], () => someArgs, {
        replied: () => many.push('replied'),
        failed: (_item, error) => many.push(error instanceof NotCalledError),
      });
      expect([procedure.name, many]).toEqual([
        procedure.name,
        [procedure.waitsFor === 'nothing' ? 'replied' : true],
      ]);
    }
    const free = all.filter(({ waitsFor }) => waitsFor === 'nothing').map(({ name }) => `control ${name}`);
    expect(free.length).toBeGreaterThan(10);
    expect(sent.toSorted()).toEqual([...free, ...free].toSorted());
  });

  it('asks for each of many items once, a few at a time, and goes on after one that fails', async () => {
    let underWay = 0;
    let most = 0;
    const { access } = makeAccess(async (_procedure, args) => {
      const { domain } = args as { readonly domain: DomainRef };
      underWay += 1;
      most = Math.max(most, underWay);
      await settle();
      underWay -= 1;
      return domain.name === 'vm-3' ? Promise.reject(new Error('gone')) : domain.name;
    });
    const domains = Array.from({ length: 30 }, (_, at) => domainRef(`vm-${at}`));
    const outcomes: string[] = [];
    await access.callEach(domainGetState, domains, (domain) => ({ domain, flags: 0 }), {
      replied: ({ name }, reply) => outcomes.push(`${name}: ${String(reply)}`),
      failed: ({ name }) => outcomes.push(`${name} failed`),
    });
    const wanted = domains.map(({ name }) => (name === 'vm-3' ? 'vm-3 failed' : `${name}: ${name}`));
    expect(outcomes.toSorted()).toEqual(wanted.toSorted());
    expect(most).toBe(4);
    await access.callEach(domainGetState, [], () => someArgs, {
      replied: () => undefined,
      failed: () => undefined,
    });
  });

  it('tells the failure of each of very many items', async () => {
    const { access } = makeAccess(() => new Error('the connection was lost'));
    const failures: number[] = [];
    const numbers = Array.from({ length: 20_000 }, (_, at) => at);
    await access.callEach(domainGetState, numbers, () => someArgs, {
      replied: () => undefined,
      failed: (number) => failures.push(number),
    });
    expect(failures).toEqual(numbers);
  });

  it('keeps what may take long off the connection of what never does, and agents where fewest are', async () => {
    const { access, sent } = makeAccess();
    for (const procedure of Object.values(procedures) as unknown as AnyProcedure[]) {
      await access.call(procedure, someArgs);
      const connection = sent.at(-1)?.split(' ')[0];
      if (procedure.waitsFor === 'nothing') expect(connection).toBe('control');
      else if (procedure.name === 'storagePoolRefresh') expect(connection).toBe('readWrite');
      else if (procedure.waitsFor === 'agent') {
        expect(connection).toBe('moreAgents');
      } else expect(connection).toBe(procedure.name === 'connectGetAllDomainStats' ? 'bulk' : 'slow');
    }
  });

  it('asks one domain one thing at a time, whatever it is', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { access, sent } = makeAccess((procedure) =>
      procedure.name === 'domainGetDiskErrors' ? answered : undefined,
    );
    const domain = domainRef('a');
    const first = access.call(domainGetDiskErrors, { domain, maxErrors: 1, flags: 0 });
    const second = access.call(procedures.domainGetXmlDesc, { domain, flags: 0 });
    await access.call(domainGetVcpuPinInfo, { domain, vcpus: 1, mapLength: 1, flags: 0 });
    expect(sent).not.toContain('slow domainGetXMLDesc');
    answer();
    await Promise.all([first, second]);
    expect(sent).toContain('slow domainGetXMLDesc');
  });

  it('of a call for several domains holds those whose control interface is not idle', async () => {
    const { access } = makeAccess((procedure, args) => {
      if (procedure.name !== 'domainGetControlInfo') {
        return new CallTimeoutError(procedure.name, 1000, never);
      }
      const { name } = (args as { readonly domain: DomainRef }).domain;
      return { state: name === 'hung' ? 2 : 0, details: 0, stateTimeMs: 0 };
    });
    const domains = [domainRef('well'), domainRef('hung')];
    await rejection(access.call(procedures.connectGetAllDomainStats, { domains, stats: 0, flags: 0 }));
    expect(['well', 'hung'].map((name) => access.gate.isHeld(`uuid-${name}`))).toEqual([false, true]);
  });

  it('does not repeat what was refused, and reports the one error', async () => {
    const fields = { virDomain: 10, level: 2, procedure: 'domainGetGuestInfo' };
    const { access, sent } = makeAccess(
      () => new LibvirtError({ ...fields, virCode: virErrors.noSupport }, 'not supported'),
    );
    const args = { domain: domainRef('a'), types: 0, flags: 0 };
    const first = await rejection(access.call(procedures.domainGetGuestInfo, args));
    expect(await rejection(access.call(procedures.domainGetGuestInfo, args))).toBe(first);
    expect(sent).toHaveLength(1);
    expect(access.refusal(procedures.domainGetGuestInfo)).toBe('unsupported');
  });

  it('does not ask a daemon for what it is too old for', async () => {
    const { access, sent } = makeAccess(undefined, 7_000_000);
    const args = { domain: domainRef('a'), flags: 0 };
    expect(access.refusal(procedures.domainGetMessages)).toBe('unsupported');
    expect(isUnknownProcedure(await rejection(access.call(procedures.domainGetMessages, args)))).toBe(true);
    expect(access.refusal(procedures.domainListAllCheckpoints)).toBeUndefined();
    await access.call(procedures.domainListAllCheckpoints, args);
    expect(sent).toEqual(['control domainListAllCheckpoints']);
  });

  it('leaves a driver alone whose daemon is away, and no other', async () => {
    const fields = { virDomain: 7, level: 2, procedure: 'connectListAllNetworks' };
    const away = "Failed to connect socket to '/run/libvirt/virtnetworkd-sock-ro': No such file or directory";
    const { access, sent } = makeAccess((procedure) =>
      procedure.waitsFor === 'network'
        ? new LibvirtError({ ...fields, virCode: virErrors.systemError }, away)
        : [],
    );
    const first = await rejection(access.call(procedures.connectListAllNetworks, { flags: 0 }));
    const args = { domain: domainRef('a'), flags: 0 };
    expect(await rejection(access.call(procedures.domainLeaseAddresses, args))).toBe(first);
    await access.call(procedures.connectListAllStoragePools, { flags: 0 });
    expect(sent).toEqual(['slow connectListAllNetworks', 'slow connectListAllStoragePools']);
  });

  it('is refused the question of the agent without losing the same one of the host', async () => {
    const fields = { virDomain: 18, level: 2, procedure: 'domainInterfaceAddresses' };
    const { access } = makeAccess((procedure) =>
      procedure.waitsFor === 'agent'
        ? new LibvirtError({ ...fields, virCode: virErrors.operationDenied }, 'read only')
        : [],
    );
    const args = { domain: domainRef('a'), flags: 0 };
    await rejection(access.call(procedures.domainAgentAddresses, args));
    expect(await access.call(procedures.domainArpAddresses, args)).toEqual([]);
    expect(access.refusal(procedures.domainAgentAddresses)).toBe('forbidden');
  });

  it('lets go what failed', async () => {
    const fields = { virDomain: 10, level: 2, procedure: 'domainGetDiskErrors' };
    const { access } = makeAccess((procedure) =>
      procedure.name === 'domainGetDiskErrors'
        ? new LibvirtError({ ...fields, virCode: virErrors.operationFailed }, 'failed')
        : undefined,
    );
    const domain = domainRef('a');
    await rejection(access.call(domainGetDiskErrors, { domain, maxErrors: 1, flags: 0 }));
    await access.call(procedures.domainGetXmlDesc, { domain, flags: 0 });
    await access.call(domainGetState, { domain, flags: 0 });
    await settle();
    expect(access.gate.unanswered).toBe(0);
  });
});
