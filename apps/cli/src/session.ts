/** Opens a model for the commands that run or show one. */
import { InferenceSession } from '@sconce/onnx';
import { userPath } from './terminal.ts';

/** Opens an ONNX file named relative to where the user is. */
export async function openSession(path: string): Promise<InferenceSession> {
  return await InferenceSession.create(userPath(path));
}
