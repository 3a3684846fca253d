import type { Command } from 'commander';
import { checkedSubjects } from '../src/check/problems.ts';
import { helpSections, makeProgram } from '../src/cli/program.ts';
import { programVersion } from '../src/cli/version.ts';
import { freeTables, sections } from '../src/config/sections.ts';
import { defaultStatSelectors, statSelectorNames, statSelectors } from '../src/config/selectors.ts';
import { fileName } from '../src/config/setting.ts';
import { settings } from '../src/config/settings.ts';
import { problemsOf, subjects } from './check-doc.ts';

// Manual pages and completions, from what --help and the configuration are made from.

/** A file by its path below the root of an installed system. */
export interface ProgramText {
  readonly path: string;
  readonly text: string;
}

/** Everything that is made here, in the places where Debian looks for it; other systems differ for zsh and fish. */
export function programTexts(): readonly ProgramText[] {
  const program = makeProgram({ version: programVersion(), onDone: () => {} });
  return [
    { path: 'usr/share/man/man8/libvirt-agentx.8', text: commandPage(program) },
    { path: 'usr/share/man/man5/libvirt-agentx.toml.5', text: filePage() },
    { path: 'usr/share/bash-completion/completions/libvirt-agentx', text: bashCompletion(program) },
    { path: 'usr/share/zsh/vendor-completions/_libvirt-agentx', text: zshCompletion(program) },
    { path: 'usr/share/fish/vendor_completions.d/libvirt-agentx.fish', text: fishCompletion(program) },
  ];
}

/** What troff takes for a command or an escape, made text. */
function troff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll(/^(['.])/gm, '\\&$1');
}

function heading(title: string, section: number): string {
  return `.TH ${title} ${section} "" "libvirt\\-agentx ${programVersion()}" "libvirt\\-agentx"\n.ad l\n.nh`;
}

function entry(term: string, ...paragraphs: readonly string[]): string {
  return ['.TP', `.B ${troff(term)}`, paragraphs.map(troff).join('\n.sp\n')].join('\n');
}

function literal(text: string): string {
  return ['.nf', troff(text), '.fi'].join('\n');
}

function optionEntries(command: Command): readonly string[] {
  return command.options.map((option) => {
    const notes = [
      ...(option.argChoices === undefined ? [] : [`One of ${option.argChoices.join(', ')}.`]),
      ...(typeof option.defaultValue === 'string' ? [`Default: ${option.defaultValue}.`] : []),
      ...(option.envVar === undefined ? [] : [`Environment: ${option.envVar}.`]),
    ];
    return entry(option.flags, option.description, ...(notes.length === 0 ? [] : [notes.join(' ')]));
  });
}

/** libvirt-agentx(8) */
function commandPage(program: Command): string {
  const commands = program.commands.flatMap((command) => [
    entry(`${command.name()} ${operandsOf(command)}`.trimEnd(), command.description()),
    ...(command.options.length === 0 ? [] : ['.RS', ...optionEntries(command), '.RE']),
  ]);
  return `${[
    heading('LIBVIRT\\-AGENTX', 8),
    '.SH NAME',
    'libvirt\\-agentx \\- SNMP AgentX subagent for libvirt',
    '.SH SYNOPSIS',
    '.B libvirt\\-agentx',
    '[\\fIOPTION\\fR...] [\\fICOMMAND\\fR]',
    '.SH DESCRIPTION',
    troff(program.description()),
    troff('Without a command it runs as the agent, in the foreground.'),
    '.SH COMMANDS',
    ...commands,
    '.SH OPTIONS',
    ...optionEntries(program),
    ...helpSections.flatMap(({ title, text }) => [`.SH ${title.toUpperCase()}`, literal(text)]),
    '.SH DIAGNOSTICS',
    troff('What the command "check" finds, by the names of its output with --json, and what to do about it.'),
    ...subjects.flatMap((subject) => [
      `.SS ${troff(checkedSubjects[subject])}`,
      ...problemsOf(subject).map(({ name, cause, remedy }) => entry(name, cause, remedy)),
    ]),
    '.SH FILES',
    entry('/etc/libvirt-agentx.toml', 'The configuration, if it exists: libvirt-agentx.toml(5).'),
    entry('/var/lib/libvirt-agentx', 'Index numbers and the event log.'),
    entry('/var/agentx/master', 'The socket of snmpd.'),
    '.SH SEE ALSO',
    '.BR libvirt\\-agentx.toml (5),',
    '.BR snmpd.conf (5),',
    '.BR virsh (1)',
  ].join('\n')}\n`;
}

function operandsOf(command: Command): string {
  return command.registeredArguments
    .map((operand) => (operand.required ? operand.name() : `[${operand.name()}]`))
    .join(' ');
}

/** As in the file, with room to break a line after each element of a list. */
function defaultText(value: unknown): string {
  if (value === undefined) return 'none';
  return Array.isArray(value)
    ? `[${value.map((each) => JSON.stringify(each)).join(', ')}]`
    : JSON.stringify(value);
}

/** libvirt-agentx.toml(5) */
function filePage(): string {
  const sectionTexts = Object.entries(sections).flatMap(([name, { help }]) => {
    const own = settings.filter(({ section }) => section === fileName(name));
    return [
      `.SS ${troff(`[${fileName(name)}]`)}`,
      troff(help),
      ...own.map((setting) =>
        entry(
          setting.name,
          setting.help,
          `Allowed: ${setting.allowed}. Default: ${defaultText(setting.default)}.`,
          `Environment: ${setting.env}.${setting.flag === undefined ? '' : ` Option: --${setting.flag}.`}`,
        ),
      ),
    ];
  });
  const tables = Object.entries(freeTables).flatMap(([name, { help, example }]) => [
    `.SS ${troff(fileName(name))}`,
    troff(help),
    '.sp',
    literal(example),
  ]);
  return `${[
    heading('LIBVIRT\\-AGENTX.TOML', 5),
    '.SH NAME',
    'libvirt\\-agentx.toml \\- configuration of libvirt\\-agentx',
    '.SH DESCRIPTION',
    troff(
      'A file in TOML. Every setting is optional. Options of the command line come first, then the environment, then this file, then the defaults. Durations are seconds, or texts such as "500ms", "90s", "5m", "1h".',
    ),
    troff('The command "libvirt-agentx config" prints what is in effect, and from where.'),
    '.SH SETTINGS',
    ...sectionTexts,
    ...tables,
    '.SH SELECTORS',
    troff(`Of collect.extra_stats. In "default": ${defaultStatSelectors.join(', ')}.`),
    ...statSelectorNames.map((name) => entry(name, statSelectors[name])),
    '.SH SEE ALSO',
    '.BR libvirt\\-agentx (8)',
  ].join('\n')}\n`;
}

/** An option with the words a shell completes. */
interface Completed {
  readonly short: string | undefined;
  readonly long: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** A file is a value. */
  readonly file: boolean;
  readonly description: string;
}

function completedOptions(command: Command): readonly Completed[] {
  const help = { short: '-h', long: '--help', takesValue: false, choices: [], file: false };
  return [
    ...command.options.map((option) => ({
      short: option.short,
      long: option.long ?? option.flags,
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
      file: /<(file|directory)>/.test(option.flags) || option.long === '--state-dir',
      description: option.description,
    })),
    { ...help, description: 'print help' },
  ];
}

function bashCompletion(program: Command): string {
  const own = completedOptions(program);
  const names = (options: readonly Completed[]) =>
    options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long])).join(' ');
  const values = [program, ...program.commands].flatMap((command) => completedOptions(command));
  const cases = (options: readonly Completed[], action: (option: Completed) => string) =>
    [...new Map(options.map((option) => [names([option]).replace(' ', ' | '), action(option)]))].map(
      ([pattern, words]) => `    ${pattern}) ${words}; return ;;`,
    );
  return `# bash completion for libvirt-agentx
_libvirt_agentx() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} word command=
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
    ${program.commands.map((command) => command.name()).join(' | ')}) command=$word && break ;;
    esac
  done
  case $prev in
${cases(
  values.filter(({ takesValue, choices }) => takesValue && choices.length > 0),
  ({ choices }) => `mapfile -t COMPREPLY < <(compgen -W '${choices.join(' ')}' -- "$cur")`,
).join('\n')}
${cases(
  values.filter(({ takesValue, file }) => takesValue && file),
  () => 'mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
).join('\n')}
${cases(
  values.filter(({ takesValue, choices, file }) => takesValue && choices.length === 0 && !file),
  () => 'true',
).join('\n')}
  esac
  local words='${names(own)}'
  case $command in
  '') words="$words ${program.commands.map((command) => command.name()).join(' ')}" ;;
${program.commands
  .map((command) => {
    const extra = command.name() === 'contrib' ? ' $(libvirt-agentx contrib 2>/dev/null)' : '';
    return `  ${command.name()}) words="${names(completedOptions(command))} $words${extra}" ;;`;
  })
  .join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _libvirt_agentx libvirt-agentx
`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

function zshCompletion(program: Command): string {
  const spec = ({ short, long, takesValue, choices, file, description }: Completed) => {
    const text = quoted(description).replaceAll(/([[\]:])/g, '\\$1');
    const value = !takesValue
      ? ''
      : choices.length > 0
        ? `:value:(${choices.join(' ')})`
        : file
          ? ':file:_files'
          : ':value:';
    return short === undefined
      ? `'${long}[${text}]${value}'`
      : `'(${short} ${long})'{${short},${long}}'[${text}]${value}'`;
  };
  const lines = (options: readonly Completed[], indent: string) =>
    options.map((option) => `${indent}${spec(option)} \\`).join('\n');
  return `#compdef libvirt-agentx
local -a commands
commands=(
${program.commands.map((command) => `  '${command.name()}:${quoted(command.description()).replaceAll(':', '\\:')}'`).join('\n')}
)
local curcontext=$curcontext state line
_arguments -C \\
${lines(completedOptions(program), '  ')}
  '1:command:->command' \\
  '*::argument:->argument'
case $state in
command) _describe command commands ;;
argument)
  case $line[1] in
${program.commands
  .map((command) => {
    const operand =
      command.name() === 'contrib' ? "'1:name:($(libvirt-agentx contrib 2>/dev/null))'" : "'*:: :'";
    return `  ${command.name()})
    _arguments \\
${lines(completedOptions(command), '      ')}
      ${operand}
    ;;`;
  })
  .join('\n')}
  esac
  ;;
esac
`;
}

function fishCompletion(program: Command): string {
  const line = (condition: string, { short, long, takesValue, choices, file, description }: Completed) =>
    [
      'complete -c libvirt-agentx',
      condition,
      short === undefined ? '' : `-s ${short.slice(1)}`,
      `-l ${long.slice(2)}`,
      takesValue ? (file ? '-r -F' : choices.length > 0 ? `-x -a '${choices.join(' ')}'` : '-x') : '',
      `-d '${description.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
    ]
      .filter((part) => part !== '')
      .join(' ');
  return `${[
    '# fish completion for libvirt-agentx',
    'complete -c libvirt-agentx -f',
    ...program.commands.map(
      (command) =>
        `complete -c libvirt-agentx -n __fish_use_subcommand -a ${command.name()} -d '${command.description().replaceAll("'", "\\'")}'`,
    ),
    ...completedOptions(program).map((option) => line('', option)),
    ...program.commands.flatMap((command) =>
      completedOptions(command)
        .filter(({ long }) => long !== '--help')
        .map((option) => line(`-n '__fish_seen_subcommand_from ${command.name()}'`, option)),
    ),
    "complete -c libvirt-agentx -n '__fish_seen_subcommand_from contrib' -a '(libvirt-agentx contrib 2>/dev/null)'",
  ].join('\n')}\n`;
}
