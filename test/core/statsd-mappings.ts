import { gunicorn } from '../../src/profiles/gunicorn.ts';

/** A mapping with these lines more. A `name` or `match` among them stands instead of the usual one. */
export function mappingWith(lines: string): string {
  const usual = [/^match:/m.test(lines) ? [] : 'match: a.*.b', /^name:/m.test(lines) ? [] : 'name: x'].flat();
  return `mappings:\n- ${[...usual, ...lines.split('\n')].filter(Boolean).join('\n  ')}\n`;
}

/** What statsd_exporter starts with, by what is peculiar about it. */
export const ACCEPTED: Readonly<Record<string, string>> = {
  'the mapping of the Gunicorn profile': gunicorn.exporter?.mapping ?? '',
  nothing: '',
  'a comment': '# nothing yet\n',
  null: '~',
  'an empty document before another': '---\n---\n[',
  'whatever is behind the end of the document': 'mappings: []\n...\n[',
  'YAML 1.1, said': '%YAML 1.1\n---\nmappings: []',
  'a comment right behind a bracket': 'mappings: []# none',
  'a flow mapping that goes on at the margin': 'defaults: {ttl: 5s,\nmatch_type: regex\n}',
  'a quoted text that goes on at the margin': mappingWith('help: "a\nb"').replace('\n  b', '\nb'),
  'classic Mac line ends': 'defaults:\r  ttl: 5s\r',
  'every field': mappingWith(
    'match_type: glob\nmatch_metric_type: observer\nlabels: {job: "$1", __x: y}\nhelp: h\naction: drop\nobserver_type: summary\n' +
      'summary_options: {quantiles: [{quantile: .5, error: 1e-2}], max_age: 1m30s, age_buckets: 3, buf_cap: 0x10}\n' +
      'ttl: 1h\nscale: 0.001\nhonor_labels: yes',
  ),
  'every default': `defaults: {observer_type: histogram, match_type: regex, glob_disable_ordering: true, ttl: 5s,
  summary_options: {}, histogram_options: {buckets: [1, 2], native_histogram_bucket_factor: 1.1, native_histogram_max_buckets: 9}}`,
  'buckets in any order': mappingWith('observer_type: histogram\nhistogram_options: {buckets: [3, 1, -1]}'),
  'a number of nanoseconds': mappingWith('ttl: 5_000'),
  'a fraction of a nanosecond': mappingWith('ttl: 1.5'),
  'a negative duration': mappingWith('ttl: -1h1.5m'),
  'microseconds with either mu': mappingWith('ttl: 1µs1μs'),
  'fields without a value': mappingWith('ttl:\nlabels:\nscale: ~\nmatch_metric_type: null\nobserver_type:'),
  'an empty observer type, which is summary': mappingWith('observer_type: ""\nsummary_options: {}'),
  'options of both kinds without an observer type': mappingWith('summary_options: {}\nhistogram_options: {}'),
  'no options where null is written': mappingWith('observer_type: histogram\nsummary_options: null'),
  'a quoted null, which is no glob': mappingWith('match_type: "null"\nmatch: "(a|b)+"'),
  'a name with captures': mappingWith('name: ${1}_a$2'),
  'a name with half a brace': mappingWith('name: a$1}'),
  'a glob with dashes and digits': mappingWith('match: _a-.0b.*'),
  'a regular expression of RE2': mappingWith(
    "match_type: regex\nmatch: '(?i)^(?P<n>\\pL+)\\.(?:\\d{1,3})\\z'",
  ),
  'an empty regular expression': mappingWith('match_type: regex\nmatch: ""'),
  'numbers and booleans as label names and values': mappingWith('labels: {version: 1.10, on: true}'),
  'aliases and merge keys': `mappings:
- &base {match: a.b, name: x, labels: {job: y}, ttl: 1s}
- <<: *base
  match: a.c
  labels: {more: z}
- <<: [*base, {scale: 2}]
  ttl: 2s`,
  'explicit tags': mappingWith('name: !!str x\nscale: !!float 1\nttl: !!int "7"\nhelp: !!binary aGVscA=='),
  'the exporter’s own state': 'fsm: {orderingdisabled: true}\nlogger: {}\nregisterer:\n',
};

/** What statsd_exporter ends with an error over, and every message about it. */
export const REFUSED: readonly (readonly [text: string, messages: readonly string[]])[] = [
  ['5', ['"5" is not a mapping']],
  ['[]', ['a list is not a mapping']],
  ['mapings: []', ['mapings: unknown key; did you mean mappings?']],
  ['mappings: {}', ['mappings: a mapping is not a list; write - before each item']],
  ['mappings: []\nmappings: []', ['mappings: is given twice; leave one out']],
  ['registerer: {}', ['registerer: a mapping is not allowed here; leave it out']],
  ['defaults: {timer_type: histogram}', ['defaults.timer_type: no key any more; write observer_type']],
  ['defaults: {ttl: 1d}', ['defaults.ttl: "1d" is not a Go duration such as 30s or 1h30m']],
  ['defaults: {honor_labels: true}', ['defaults.honor_labels: unknown key; leave it out']],
  [mappingWith('nam: y'), ['mappings[0].nam: unknown key; did you mean name?']],
  [mappingWith('name: 5x'), ['mappings[0].name: "5x" is no metric name; use letters, digits, _ and $1']],
  [mappingWith('name: x y'), ['mappings[0].name: "x y" is no metric name; use letters, digits, _ and $1']],
  [mappingWith('name:'), ['mappings[0].name: is not set; name the metric']],
  [mappingWith('name: ""'), ['mappings[0].name: is not set; name the metric']],
  [
    mappingWith('match: a..b'),
    ['mappings[0].match: "a..b" is no glob; write a.*.b, or set match_type: regex'],
  ],
  [mappingWith('match: 1a'), ['mappings[0].match: "1a" is no glob; write a.*.b, or set match_type: regex']],
  [
    mappingWith('match: a.b*'),
    ['mappings[0].match: "a.b*" is no glob; write a.*.b, or set match_type: regex'],
  ],
  [mappingWith('match:'), ['mappings[0].match: is not set; write a.*.b, or set match_type: regex']],
  [
    mappingWith('match_type: regx'),
    ['mappings[0].match_type: "regx" is not glob or regex; did you mean regex?'],
  ],
  [
    mappingWith('match_type: regex\nmatch: a('),
    ['mappings[0].match: not an RE2 regular expression: missing closing )'],
  ],
  [
    mappingWith('match_type: regex\nmatch: (?=a)'),
    ['mappings[0].match: not an RE2 regular expression: invalid or unsupported Perl syntax'],
  ],
  [
    mappingWith('match_type: regex\nmatch: a{1001}'),
    ['mappings[0].match: not an RE2 regular expression: invalid repeat count'],
  ],
  [
    mappingWith('match_metric_type: timer'),
    ['mappings[0].match_metric_type: "timer" is not counter, gauge or observer'],
  ],
  [
    mappingWith('match_metric_type: ""'),
    ['mappings[0].match_metric_type: "" is not counter, gauge or observer'],
  ],
  [
    mappingWith('match_metric_type: "null"'),
    ['mappings[0].match_metric_type: "null" is no type; leave it out'],
  ],
  [mappingWith('action: keep'), ['mappings[0].action: "keep" is not map or drop']],
  [
    mappingWith('observer_type: histgram'),
    ['mappings[0].observer_type: "histgram" is not histogram or summary; did you mean histogram?'],
  ],
  [
    mappingWith('observer_type: histogram\nsummary_options: {}'),
    ['mappings[0].summary_options: the observer_type is histogram; leave summary_options out'],
  ],
  [
    mappingWith('observer_type: summary\nhistogram_options: {}'),
    ['mappings[0].histogram_options: the observer_type is summary; leave histogram_options out'],
  ],
  [mappingWith('ttl: "5"'), ['mappings[0].ttl: "5" is not a Go duration such as 30s or 1h30m']],
  [mappingWith('ttl: 10 s'), ['mappings[0].ttl: "10 s" is not a Go duration such as 30s or 1h30m']],
  [
    mappingWith('ttl: 9223372036854775808'),
    ['mappings[0].ttl: "9223372036854775808" is not a Go duration such as 30s or 1h30m'],
  ],
  [mappingWith('ttl: 2562048h'), ['mappings[0].ttl: "2562048h" is not a Go duration such as 30s or 1h30m']],
  [mappingWith('scale: "1"'), ['mappings[0].scale: "1" is not a number']],
  [mappingWith('scale: 1e999'), ['mappings[0].scale: "1e999" is not a number']],
  [mappingWith('scale: [1]'), ['mappings[0].scale: a list is not a number']],
  [mappingWith('honor_labels: "true"'), ['mappings[0].honor_labels: "true" is not true or false']],
  [mappingWith('honor_labels: 1'), ['mappings[0].honor_labels: "1" is not true or false']],
  [mappingWith('labels: [a]'), ['mappings[0].labels: is not a mapping; write {label: value}']],
  [
    mappingWith('labels: {a: b}'),
    ['mappings[0].labels: "a" is no label name; use two or more of a-z, 0-9 and _'],
  ],
  [
    mappingWith('labels: {job-name: b}'),
    ['mappings[0].labels: "job-name" is no label name; use two or more of a-z, 0-9 and _'],
  ],
  [mappingWith('labels: {job: [b]}'), ['mappings[0].labels.job: a list is not a text']],
  [mappingWith('labels: {job: a, job: b}'), ['mappings[0].labels.job: is given twice; leave one out']],
  [mappingWith('labels: {<<: {job: a}, job: b}'), ['mappings[0].labels.job: is given twice; leave one out']],
  [mappingWith('<<: 5'), ['mappings[0]: << takes a mapping or a list of mappings']],
  [
    mappingWith('summary_options: {max_age: 1x, age_buckets: -1, buf_cap: 4294967296}'),
    [
      'mappings[0].summary_options.max_age: "1x" is not a Go duration such as 30s or 1h30m',
      'mappings[0].summary_options.age_buckets: "-1" is not a whole number up to 4294967295',
      'mappings[0].summary_options.buf_cap: "4294967296" is not a whole number up to 4294967295',
    ],
  ],
  [
    mappingWith('summary_options: {quantiles: [0.5]}'),
    ['mappings[0].summary_options.quantiles[0]: "0.5" is not a mapping'],
  ],
  [
    mappingWith('summary_options: {quantiles: [{quantil: 0.5}]}'),
    ['mappings[0].summary_options.quantiles[0].quantil: unknown key; did you mean quantile?'],
  ],
  [
    mappingWith('histogram_options: {buckets: 1}'),
    ['mappings[0].histogram_options.buckets: "1" is not a list'],
  ],
  [
    mappingWith('histogram_options: {buckets: [1, a]}'),
    ['mappings[0].histogram_options.buckets[1]: "a" is not a number'],
  ],
  [mappingWith('buckets: [1]'), ['mappings[0].buckets: no key any more; write histogram_options: {buckets}']],
  [
    mappingWith('quantiles: []'),
    ['mappings[0].quantiles: no key any more; write summary_options: {quantiles}'],
  ],
  [mappingWith('max_summary_age: 5m'), ['mappings[0].max_summary_age: unknown key; leave it out']],
  [mappingWith('timer_type: histogram'), ['mappings[0].timer_type: no key any more; write observer_type']],
  [mappingWith('help: !!int x'), ['mappings[0].help: "x" is not a text']],
  [mappingWith('help: !!binary a'), ['mappings[0].help: "a" is not a text']],
  [mappingWith('help: [a]'), ['mappings[0].help: a list is not a text']],
  [mappingWith('name: y\nname: z'), ['mappings[0].name: is given twice; leave one out']],
  [mappingWith('help: "\\/"'), ['line 4: \\/ is no escape; write /']],
  [mappingWith('labels: {a?b: c}'), ['line 4: quote what has a : or ? inside [] or {}']],
  [
    mappingWith('labels: {job:x, b: c}'),
    [
      'mappings[0].labels: "job:x" is no label name; use two or more of a-z, 0-9 and _',
      'mappings[0].labels: "b" is no label name; use two or more of a-z, 0-9 and _',
    ],
  ],
  [mappingWith('help: a: b'), ['line 4: is not YAML: Nested mappings are not allowed in compact mappings']],
  [mappingWith('help: @a'), ['line 4: is not YAML: Plain value cannot start with reserved character @']],
  [mappingWith('help: *a'), ['line 4: names an anchor that is not set above']],
  [mappingWith('help: "a'), ['line 5: is not YAML: Missing closing "quote']],
  [mappingWith('help: a\n\tb'), ['line 5: is not YAML: Tabs are not allowed as indentation']],
  [mappingWith('help: \u0001'), ['line 4: has a control character; remove it']],
  [
    'mappings: [null]',
    [
      'mappings[0].name: is not set; name the metric',
      'mappings[0].match: is not set; write a.*.b, or set match_type: regex',
    ],
  ],
  ['mappings: [5]', ['mappings[0]: "5" is not a mapping']],
  ['mappings:\n- name: x', ['mappings[0].match: is not set; write a.*.b, or set match_type: regex']],
  [
    'mappings: [broken',
    ['line 1: is not YAML: Flow sequence in block collection must be sufficiently indented and …'],
  ],
  ['mappings: []\n- x', ['line 2: is not YAML: Implicit keys need to be on a single line']],
  ['%YAML 1.2\n---\n{}', ['line 1: has a directive that is not read; leave it out']],
  ['...\n', ['line 1: ends a document before it begins; leave the ... out']],
  ['mappings: [{match: a, name: x, match: b}]', ['mappings[0].match: is given twice; leave one out']],
  [
    'defaults: {match_type: regex}\nmappings: [{match: "*", name: x}]',
    ['mappings[0].match: not an RE2 regular expression: missing argument to repetition operator'],
  ],
  ['a: b: c', ['line 1: is not YAML: Nested mappings are not allowed in compact mappings']],
  ['- \ta: b', ['line 1: is not YAML: Tabs are not allowed as indentation']],
  ['defaults: {ttl:5s}', ['defaults."ttl:5s": unknown key; leave it out']],
  ['*a', ['line 1: names an anchor that is not set above']],
  ['mappings: !!bogus 5', ['mappings: "5" is not a list']],
  ['{{}: 5}', ['a key: a mapping is not a text']],
];
