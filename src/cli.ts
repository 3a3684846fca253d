#!/usr/bin/env node
import { ignoreEarlyHangUp } from './cli/hang-up.ts';

// Loading the program takes a tenth of a second: signals are looked after first.
ignoreEarlyHangUp(process.argv.slice(2));
await import('./cli/main.ts');
