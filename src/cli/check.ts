import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { checkAgentx, type Registered } from '../check/agentx.ts';
import { checkSnapshot } from '../check/collectors.ts';
import { type Finding, findingLine, findingsOf, foundProblem, inOrder } from '../check/finding.ts';
import { checkHttp } from '../check/http.ts';
import { checkModules } from '../check/installed-modules.ts';
import { checkLibvirt } from '../check/libvirt.ts';
import { type CheckedSubject, type CheckProblem, checkProblems } from '../check/problems.ts';
import { checkPush } from '../check/push.ts';
import { checkReport } from '../check/report.ts';
import { checkSnmp } from '../check/snmp.ts';
import { snmpTarget } from '../check/snmp-options.ts';
import { checkState } from '../check/state.ts';
import type { Config } from '../config/config.ts';
import { ConfigError, issueText } from '../config/config-error.ts';
import type { LoadedConfig } from '../config/load.ts';
import { errorText } from '../errors.ts';
import { silentLogger } from '../log.ts';
import { collectOnce } from '../one-shot.ts';
import { resultsInOrder } from '../run/pool.ts';
import { endAtOnce } from './end-at-once.ts';
import { exitCodes } from './exit-codes.ts';
import { chosenHypervisors } from './hypervisors.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/** How long libvirt may take for everything that is asked of it. */
const libvirtTimeoutMs = 60_000;

/** Of eight hypervisors, the state directory and libvirt. */
const stepsAtOnce = 16;

/** A clock may be so far behind the clock of whoever made this program. */
const clockToleranceMs = 24 * 3_600_000;

type Section = () => Promise<readonly Finding[]>;

/**
 * Looks for what stands in the way of the agent and prints a line for each finding, as soon as it is known; with
 * `--json`, one report at the end. Resolves with 0 if nothing failed, 78 if the configuration or the state directory
 * is not usable, else 69.
 */
export async function check(options: Readonly<Record<string, unknown>>): Promise<number> {
  const target = snmpTarget(options);
  const isJson = options['json'] === true;
  const version = programVersion();
  const findings: Finding[] = [];
  for await (const found of sectionsOf(options, version, target)) {
    findings.push(...found);
    if (!isJson) for (const finding of found) process.stdout.write(`${findingLine(finding)}\n`);
  }
  const exitCode = exitCodeOf(findings);
  const report = checkReport(findings, { program: `libvirt-agentx ${version}`, exitCode });
  const { failed, warned, checked } = report;
  process.stdout.write(
    isJson
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : `${failed} failed, ${warned} to look at, ${checked} checked\n`,
  );
  // What is asked of a file system that hangs would keep the process waiting.
  if (findings.some(({ problem }) => problem === 'state-silent')) endAtOnce(exitCode);
  return exitCode;
}

async function* sectionsOf(
  options: Readonly<Record<string, unknown>>,
  version: string,
  target: ReturnType<typeof snmpTarget>,
): AsyncGenerator<readonly Finding[]> {
  let loaded: LoadedConfig;
  try {
    loaded = await configFrom(options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield error.issues.map((issue) =>
      foundProblem('configuration', issueText(issue), 'configuration-invalid'),
    );
    return;
  }
  const { config } = loaded;
  const chosen = chosenHypervisors(config, options, 'all');
  let registered: Registered = new Map();
  const agentx = async (): Promise<readonly Finding[]> => {
    const master = await checkAgentx(config, version, chosen);
    registered = master.registered;
    return master.findings;
  };
  yield [configFinding(loaded), userFinding(), ...(await clockFindings())];
  // Those that do not answer are waited for together.
  const steps = chosen.flatMap(({ name, config: own }): readonly Section[] => [
    async () => findingsOf(name, await checkState(own)),
    async () => findingsOf(name, await libvirtFindings(own, version)),
  ]);
  yield* resultsInOrder(steps, stepsAtOnce, (step) => step());
  const sections: readonly Section[] = [
    () => checkHttp(config),
    () => checkPush(config),
    agentx,
    async () =>
      target === undefined
        ? snmpNotAsked(config)
        : checkSnmp({ config, hypervisors: chosen, target, version, registered }),
    async () => (config.agentx.enabled ? [await checkModules(config)] : []),
  ];
  for (const section of sections) yield await section();
}

function exitCodeOf(findings: readonly Finding[]): number {
  const failed = findings.filter(({ level }) => level === 'fail');
  if (failed.length === 0) return exitCodes.ok;
  const subjects = new Set(failed.map(({ problem }) => subjectOf(problem)));
  const ours = subjects.has('configuration') || subjects.has('state');
  return ours ? exitCodes.config : exitCodes.unavailable;
}

function subjectOf(problem: string | undefined): CheckedSubject | undefined {
  const known: Readonly<Partial<Record<string, CheckProblem>>> = checkProblems;
  return known[problem ?? '']?.subject;
}

function configFinding({ file, origins }: LoadedConfig): Finding {
  const given = [...origins].map(([key, origin]) => (origin === 'file' ? key : `${key} (${origin})`));
  const what = given.length === 0 ? 'all settings at their defaults' : `sets ${given.join(', ')}`;
  return inOrder('configuration', `${file ?? 'no file'}: ${what}`);
}

/** Permissions are those of whoever runs the check. */
function userFinding(): Finding {
  const uid = process.getuid?.();
  const advice = uid === 0 ? '; run it as the user of the agent to see what that one may do' : '';
  return inOrder('user', `checked as ${userName()}${advice}`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** This program cannot have been made in the future. */
async function clockFindings(): Promise<readonly Finding[]> {
  const { mtimeMs } = await stat(fileURLToPath(import.meta.url));
  if (Date.now() + clockToleranceMs >= mtimeMs) return [];
  const text = `the clock says ${new Date().toISOString()}, this program is of ${new Date(mtimeMs).toISOString()}`;
  return [foundProblem('clock', text, 'clock-behind')];
}

function snmpNotAsked({ agentx }: Config): readonly Finding[] {
  if (!agentx.enabled) return [];
  const text = 'not asked: --snmp 127.0.0.1:161 with --community or --v3-user shows what managers see';
  return [inOrder('snmp', text)];
}

async function libvirtFindings(config: Config, version: string): Promise<readonly Finding[]> {
  const signal = AbortSignal.timeout(libvirtTimeoutMs);
  const reached = await checkLibvirt(config, signal);
  if (reached.some(({ level }) => level === 'fail')) return reached;
  try {
    const snapshot = await collectOnce({ config, logger: silentLogger, version, signal });
    return [...reached, ...checkSnapshot(snapshot)];
  } catch (error) {
    const text = `collecting failed: ${errorText(error)}`;
    const problem = signal.aborted ? 'collect-hangs' : 'collect-failed';
    return [...reached, foundProblem('collect', text, problem)];
  }
}
