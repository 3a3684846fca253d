<?php

/*
 * LveDomainStateChange.php
 *
 * A virtual machine of a libvirt host has another state: into the event log, and into the list of machines.
 * SPDX-License-Identifier: Apache-2.0
 */

namespace LibreNMS\Snmptrap\Handlers;

use App\Models\Device;
use LibreNMS\Enum\PowerState;
use LibreNMS\Enum\Severity;
use LibreNMS\Interfaces\SnmptrapHandler;
use LibreNMS\Snmptrap\Trap;

class LveDomainStateChange implements SnmptrapHandler
{
    public function handle(Device $device, Trap $trap): void
    {
        $value = fn (string $name): string => $trap->getOidData($trap->findOid("LIBVIRT-EXT-MIB::$name"));
        $name = $value('lveDomName');
        $severity = match ($value('lveDomSeverity')) {
            'failure', '3' => Severity::Error,
            'warning', '2' => Severity::Warning,
            default => Severity::Info,
        };
        $state = match ($value('lveDomState')) {
            'running', '1', 'blocked', '2' => PowerState::ON,
            'paused', '3', 'pmsuspended', '7' => PowerState::SUSPENDED,
            'shutdown', '4', 'shutoff', '5', 'crashed', '6' => PowerState::OFF,
            default => PowerState::UNKNOWN,
        };
        $device->vminfo()->where('vmwVmDisplayName', $name)->update(['vmwVmState' => $state]);

        // The text tells the reason as well: "paused (I/O error)".
        $trap->log("VM $name is " . $value('lveDomStateText'), $severity, 'vm', $name);
    }
}
