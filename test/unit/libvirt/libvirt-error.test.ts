import { describe, expect, it } from 'vitest';
import {
  decodeLibvirtError,
  isAccessDenied,
  isAgentUnresponsive,
  isAway,
  isNoDomain,
  isNotSupported,
  isOperationInvalid,
  isSpentConnection,
  isTimeout,
  isUnknownProcedure,
  LibvirtError,
} from '../../../src/libvirt/libvirt-error.ts';
import { loadHexFixture, payloadReader } from '../../support/hex-fixture.ts';

const error = (virCode: number, virDomain = 10, message = 'text'): LibvirtError =>
  new LibvirtError({ virCode, virDomain, level: 2, procedure: 'domainGetState' }, message);

describe('LibvirtError', () => {
  it('is decoded from a real error reply', () => {
    const { reply } = loadHexFixture('domain-get-control-info-error');
    const decoded = decodeLibvirtError(payloadReader(reply), 'domainGetControlInfo');
    expect(decoded).toMatchObject({
      code: 'LIBVIRT_ERROR',
      name: 'LibvirtError',
      virCode: 55,
      virDomain: 20,
      level: 2,
      procedure: 'domainGetControlInfo',
      message: 'Requested operation is not valid: domain is not running',
    });
    expect(isOperationInvalid(decoded)).toBe(true);
  });

  it.each([
    [isNotSupported, [3, 84, 67, 74]],
    [isNoDomain, [42]],
    [isOperationInvalid, [55]],
    [isAccessDenied, [29, 88, 45, 79, 94]],
    [isTimeout, [68]],
    [isAgentUnresponsive, [86, 97, 112, 113]],
  ])('%o is told by code', (predicate, codes) => {
    for (const code of codes) expect(predicate(error(code))).toBe(true);
    expect(predicate(error(38))).toBe(false);
    expect(predicate(new Error('text'))).toBe(false);
  });

  it('tells a procedure the daemon does not know from other faults of the RPC layer', () => {
    expect(isUnknownProcedure(error(39, 7, 'unknown procedure: 999'))).toBe(true);
    expect(isNotSupported(error(39, 7, 'unknown procedure: 999'))).toBe(true);
    expect(isNotSupported(error(39, 7, 'Unable to encode message payload'))).toBe(false);
    expect(isNotSupported(error(39, 13, 'unknown procedure: 999'))).toBe(false);
  });

  it.each([
    ['English', 'internal error: client socket is closed'],
    ['German', 'Interner Fehler: Client-Socket ist geschlossen'],
  ])('knows in %s that the daemon behind the daemon is another one', (_language, message) => {
    expect(isSpentConnection(error(1, 7, message), true)).toBe(true);
    expect(isSpentConnection(error(1, 13, message), true)).toBe(false);
    expect(isSpentConnection(error(38, 7, message), true)).toBe(false);
  });

  it.each([
    ['another fault', 'internal error: cannot initialize condition variable'],
    // What the node of the test driver says to virNodeGetFreePages. Translations keep the name.
    ['a driver that says nothing', 'Library function returned error but did not set virError'],
    ['the same in German', 'Funktion der Bibliothek meldet Fehler, hat aber virError nicht gesetzt'],
    ['too many', "Interner Fehler: Zu viele Domains '20000' bei einer Grenze von '16384'"],
    ['a limit by name', 'Interner Fehler: das Ergebnis passt nicht in REMOTE_NODE_MAX_CELLS'],
    ['an argument', 'Interner Fehler: nparams zu lang'],
  ])('does not take %s for a daemon that is gone', (_what, message) => {
    expect(isSpentConnection(error(1, 7, message), true)).toBe(false);
  });

  it('does not guess where nothing was lost', () => {
    expect(isSpentConnection(error(1, 7, 'internal error: client socket is closed'), false)).toBe(true);
    expect(isSpentConnection(error(1, 7, 'Interner Fehler: Verbindung nicht offen'), false)).toBe(false);
  });

  it.each([
    ['English', "Failed to connect socket to '/run/libvirt/virtstoraged-sock-ro': No such file or directory"],
    ['German', "Socket kann nicht verbunden werden mit '/run/libvirt/virtstoraged-sock-ro': Nicht gefunden"],
  ])('knows in %s that the daemon behind the daemon is away', (_language, message) => {
    expect(isAway(error(38, 7, message))).toBe(true);
    expect(isAway(error(1, 7, message))).toBe(false);
    expect(isAway(error(38, 7, 'Cannot open /dev/shm: Permission denied'))).toBe(false);
  });

  it.each([
    ['English', 'unknown procedure: 453', 'Unable to encode message payload'],
    ['German', 'Unbekannte Prozedur: 453', 'Nutzdaten der Nachricht können nicht kodiert werden'],
  ])('knows in %s a procedure that is not there', (_language, unknown, tooLarge) => {
    expect(isUnknownProcedure(error(39, 7, unknown))).toBe(true);
    expect(isUnknownProcedure(error(39, 7, tooLarge))).toBe(false);
    const tooMany = 'Too many mountpoints in fsinfo: 300 for limit 256';
    expect(isUnknownProcedure(error(39, 7, tooMany))).toBe(false);
  });
});
