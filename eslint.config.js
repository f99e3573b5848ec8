// Lint rules, and the one that matters most: dependencies point one way (docs/adr/0002-rooms.md).
import tseslint from 'typescript-eslint';

/** What each room under src/ may import; anything else relative is an error. Type imports count too. */
const rooms = {
  core: { rooms: [], packages: ['fast-json-patch', 'fastest-levenshtein', 'yaml', 're2js', 'node:crypto'] },
  profiles: { rooms: ['core'], packages: [] },
  prometheus: { rooms: ['core'], packages: ['re2js', 'yaml', 'node:crypto'] },
  manifests: { rooms: ['core'], packages: ['yaml'] },
  audit: { rooms: ['core', 'prometheus'], packages: [] },
  config: {
    rooms: ['core', 'profiles'],
    packages: ['typebox', 'ajv', 'yaml', 'fastest-levenshtein', 're2js', 'node:*'],
  },
  telemetry: { rooms: ['core'], packages: ['pino', 'prom-client', 'node:*'] },
  kube: { rooms: ['core'], packages: ['@kubernetes/client-node', 'node:*'] },
  webhook: { rooms: ['core', 'config', 'telemetry'], packages: ['fastify', 'node:*'] },
  certificates: { rooms: ['core', 'config', 'telemetry', 'kube'], packages: ['selfsigned', 'node:*'] },
};

const all = Object.keys(rooms).concat('commands');

const roomRules = Object.entries(rooms).map(([room, allowed]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...all
            .filter((other) => other !== room && !allowed.rooms.includes(other))
            .map((other) => ({
              group: [`**/${other}/**`, `../${other}/**`],
              message: `src/${room} may not import src/${other}: dependencies point one way.`,
            })),
          {
            regex: `^(?!\\.)(?!(?:${allowed.packages.map((name) => name.replace('*', '.*')).join('|') || '(?!)'})(?:$|/))`,
            message: `src/${room} may import these packages only: ${allowed.packages.join(', ') || 'none'}.`,
          },
        ],
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'certs/out/', 'reports/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  { files: ['*.js'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts', 'certs/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The core is pure: no clock, no chance, no environment.
    files: ['src/core/**/*.ts', 'src/profiles/**/*.ts', 'src/prometheus/**/*.ts', 'src/audit/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'fetch', 'structuredClone'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
      ],
    },
  },
  ...roomRules,
);
