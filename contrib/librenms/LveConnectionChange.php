<?php

/*
 * LveConnectionChange.php
 *
 * The agent has lost libvirt, or has it back: until then the machines are shown as they were.
 * SPDX-License-Identifier: Apache-2.0
 */

namespace LibreNMS\Snmptrap\Handlers;

use App\Models\Device;
use LibreNMS\Enum\Severity;
use LibreNMS\Interfaces\SnmptrapHandler;
use LibreNMS\Snmptrap\Trap;

class LveConnectionChange implements SnmptrapHandler
{
    public function handle(Device $device, Trap $trap): void
    {
        $isUp = in_array($trap->getOidData($trap->findOid('LIBVIRT-EXT-MIB::lveNotifyConnUp')), ['true', '1']);
        $uri = $trap->getOidData($trap->findOid('LIBVIRT-EXT-MIB::lveConnUri'));
        $trap->log(
            $isUp ? "libvirt is connected again: $uri" : "libvirt is not connected: $uri",
            $isUp ? Severity::Ok : Severity::Error,
            'vm',
        );
    }
}
