<?php

/*
 * VminfoVmMib.php
 *
 * The virtual machines of a device that answers VM-MIB (RFC 7666), such as a libvirt host with libvirt-agentx:
 * one walk gives every field. SPDX-License-Identifier: Apache-2.0
 */

namespace LibreNMS\OS\Traits;

use App\Models\Vminfo;
use Illuminate\Support\Collection;
use LibreNMS\Enum\PowerState;

trait VminfoVmMib
{
    public function discoverVmMibVminfo(): Collection
    {
        $answer = \SnmpQuery::hideMib()->walk('VM-MIB::vmTable');

        return $answer->mapTable(function (array $row, string $index): Vminfo {
            // Sizes come in units of vmMemUnit octets; Vminfo has MiB.
            $octets = (int) ($row['vmCurMem'] ?? 0) * (int) ($row['vmMemUnit'] ?? 0);

            return new Vminfo([
                'vm_type' => 'libvirt',
                // Not libvirt's own id, which a machine that is off has not and which is another after each start.
                'vmwVmVMID' => $index,
                'vmwVmDisplayName' => $row['vmName'] ?? '',
                'vmwVmGuestOS' => $row['vmOSType'] ?? '',
                'vmwVmMemSize' => intdiv($octets, 1024 * 1024),
                'vmwVmCpus' => (int) ($row['vmCurCpuNumber'] ?? 0),
                // VirtualMachineOperState of RFC 7666.
                'vmwVmState' => match ((int) ($row['vmOperState'] ?? 1)) {
                    4, 9 => PowerState::ON,             // running, migrating
                    3, 7 => PowerState::ON,             // preparing, resuming
                    5, 6, 8 => PowerState::SUSPENDED,   // suspending, suspended, paused
                    10, 11, 12 => PowerState::OFF,      // shuttingdown, shutdown, crashed
                    default => PowerState::UNKNOWN,
                },
            ]);
        });
    }
}
