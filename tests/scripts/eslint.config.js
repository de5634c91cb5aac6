import js from "@eslint/js";
import globals from "globals";

const PAGE = "src/octoplan/app/static/*.js", REPORT = "src/octoplan/show/templates/*.js", TESTS = "tests/scripts/*.js";

export default [
  js.configs.recommended,
  {rules: {"eqeqeq": "error", "no-var": "error", "prefer-const": "error"}},
  {files: [PAGE, REPORT], languageOptions: {globals: {...globals.browser, Plotly: "readonly"}}},
  {files: ["**/page.js"], languageOptions: {globals: {fittedToScreen: "readonly", NARROW_SCREEN: "readonly"}}},
  {files: [TESTS], languageOptions: {globals: globals.node}},
];
