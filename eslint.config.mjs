import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      eqeqeq: 'error',
      // Numbers in messages are what makes a message say which value.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    // Bytes of a picture or a message: the loop bound is the proof that the index is inside.
    files: [
      ...['agent/detect/**/*.ts', 'shared/jpeg/*.ts', 'agent/source/scene/*.ts'],
      ...['receiver/web/strips/draw-scaled.ts', 'test/**/*.ts'],
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
