import { expect, test } from 'vitest';
import { findingLine, findingsOf } from '../../../src/check/finding.ts';

test('a finding is one line with its remedy', () => {
  const finding = { level: 'fail', subject: 'agentx', text: 'no socket', remedy: 'Start snmpd.' } as const;
  expect(findingLine(finding)).toBe('fail agentx: no socket. To do: Start snmpd.');
});

test('stays one line whatever a peer says', () => {
  expect(findingLine({ level: 'ok', subject: 'libvirt', text: 'a\r\n  b\nc' })).toBe('ok   libvirt: a b c');
});

test('has nothing that a terminal would take for a command', () => {
  const text = 'answers\u001b[2J\u0007 as\r it likes';
  expect(findingLine({ level: 'ok', subject: 'snmp', text })).toBe('ok   snmp: answers [2J as it likes');
});

test('names the one of several hypervisors that it is about, and none where there is but one', () => {
  const findings = [{ level: 'fail', subject: 'libvirt', text: 'no socket' }] as const;
  const [named] = findingsOf('rack1-b', findings);
  expect(named).toEqual({ level: 'fail', subject: 'libvirt', hypervisor: 'rack1-b', text: 'no socket' });
  expect(findingLine(named ?? findings[0])).toBe('fail libvirt rack1-b: no socket');
  expect(findingsOf('', findings)).toBe(findings);
});
