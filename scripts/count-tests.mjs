// Prints the line that counts tests, from the JSON reports that vitest wrote. A report that is missing counts as a
// failed test: its run ended before vitest could write it.
import { existsSync, readFileSync } from 'node:fs';

const total = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    total.failed++;
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
    readFileSync(path, 'utf8'),
  );
  // A file that cannot even be loaded holds no failed test; it counts as one.
  const brokenFiles = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  total.passed += numPassedTests;
  total.failed += numFailedTests + brokenFiles.length;
  total.skipped += numPendingTests;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
