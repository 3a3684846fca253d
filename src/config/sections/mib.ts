import { section, setting } from '../setting.ts';
import { flag, oid } from '../setting-kinds.ts';

export const mib = section('Where the objects are.', {
  root: setting(oid(), '1.3.6.1.4.1.8072.9999.9999.16514', {
    help: 'Where LIBVIRT-EXT-MIB is registered. `libvirt-agentx mib --root OID` prints the module to match.',
    flag: 'mib-root',
  }),
  vmMib: setting(flag(), true, { help: 'Serve VM-MIB (RFC 7666) as well.' }),
  libvirtMib: setting(flag(), false, {
    help: 'Serve LIBVIRT-MIB as well, read-only, and send its notification: for clients that were made for libvirt-snmp. See docs/migration.md.',
  }),
  hvObjectId: setting(oid(), '1.3.6.1.4.1.36957', { help: 'vmHvObjectID.' }),
});
