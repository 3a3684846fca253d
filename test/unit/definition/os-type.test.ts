import { expect, test } from 'vitest';
import { osTypeOf } from '../../../src/definition/os-type.ts';

test('the operating system is what the definition, the guest or the hypervisor says, in that order', () => {
  const osInfo = 'http://debian.org/debian/12';
  expect(osTypeOf({ osInfo, osType: 'hvm' }, { osId: 'debian' })).toBe(osInfo);
  expect(osTypeOf({ osInfo: undefined, osType: 'hvm' }, { osId: 'debian' })).toBe('debian');
  expect(osTypeOf({ osInfo: undefined, osType: 'hvm' }, { osId: undefined })).toBe('hvm');
  expect(osTypeOf({ osInfo: undefined, osType: 'hvm' }, undefined)).toBe('hvm');
  expect(osTypeOf(undefined, undefined)).toBeUndefined();
});
