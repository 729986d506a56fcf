/**
 * Property tests draw the same cases in every run, so that a run says something about the change under test. Another
 * number in `SCONCE_SEED` explores others.
 */
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: Number(process.env['SCONCE_SEED'] ?? 20261124) });
