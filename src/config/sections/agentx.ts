import { section, setting } from '../setting.ts';
import { agentxAddress, contextNames, flag, integer } from '../setting-kinds.ts';

export const agentx = section('The connection to the master agent (snmpd).', {
  enabled: setting(flag(), true, {
    help: 'Serve SNMP through a master agent. Without it, nothing is registered and no notification is sent: for hosts without snmpd.',
  }),
  address: setting(agentxAddress(), 'unix:/var/agentx/master', {
    help: "The master agent's socket: unix:PATH or tcp:HOST:PORT (agentXSocket of snmpd.conf).",
    flag: 'agentx',
  }),
  contexts: setting(contextNames(), [], {
    help: 'SNMP contexts to register in besides the default one.',
  }),
  priority: setting(integer(1, 255), 127, {
    help: 'Registration priority (RFC 2741): the lowest number answers. For a standby agent, a higher number.',
  }),
  standby: setting(flag(), false, {
    help: 'Another agent with a lower priority number serves the same objects: notifications are sent only while this one is asked instead, that is until five minutes after the last request.',
  }),
});
