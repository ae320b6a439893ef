import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explainWebIdentity } from 'irsa/diagnose';
import { assumeRole } from '../clients/assume-role.js';
import type { AssumeRoleAnswer } from '../clients/assume-role.js';
import type { World } from '../environment/world.js';
import { askDoctor } from '../setup/ask-doctor.js';
import type { DoctorAnswer } from '../setup/ask-doctor.js';
import { gatherFacts } from '../setup/gather-facts.js';
import { mapConcurrently } from '../setup/map-concurrently.js';
import { makeRefusalCases, refusalBuckets } from './refusal-cases.js';
import type { Refusal } from './refusal-cases.js';
import type { Scenario } from './types.js';

/** Everything that the verifier refuses: its answer, AWS's answer as we predict it, and what the command `irsa doctor` finds. */
export const refusals: Scenario = {
  id: 'refusals',
  about: 'what STS must refuse is refused, in the words of AWS, and irsa doctor says why',
  parts: ['versitygw'],
  buckets: refusalBuckets,
  run,
};

async function run(world: World): Promise<string> {
  const { control, refused } = await makeRefusalCases(world);
  const wrong = [
    ...(await judgeControl(world, control)),
    ...(await mapConcurrently(refused, 3, (one) => judge(world, one))).flat(),
  ];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const different = refused.filter(({ aws }) => aws !== undefined).length;
  const asked = refused.filter(isForDoctor).length;
  return `${String(refused.length)} requests refused (${String(different)} in other words than AWS's), each explained as AWS words it; irsa doctor, asked about ${String(asked)} of them, names the cause of each; the control allowed, and ok to both`;
}

async function judge(world: World, one: Refusal): Promise<string[]> {
  const aws = await world.aws();
  const { ca } = world.certificates;
  const answer = await assumeRole({ ca, ...one });
  if (answer.ok) return [`${one.id}: credentials were given`];
  const wrong: string[] = [];
  if (!matches(one, answer)) {
    wrong.push(
      `${one.id}: expected ${one.code} ${String(one.message)}, got ${answer.code}: ${answer.message}`,
    );
  }
  const facts = await gatherFacts(aws, ca, one);
  const { stsError } = await explainWebIdentity(facts);
  if (one.aws !== 'not predicted' && !matches(one.aws ?? one, stsError)) {
    wrong.push(
      `${one.id}: explained as ${stsError === undefined ? 'no error' : `${stsError.code}: ${stsError.message}`}`,
    );
  }
  const diagnosis = isForDoctor(one)
    ? await askAbout(world, one)
    : await explainWebIdentity({ ...facts, reply: answer });
  return [...wrong, ...judgeDiagnosis(one, diagnosis, answer)];
}

const matches = (
  expected: { readonly code: string; readonly message: RegExp },
  actual: { readonly code: string; readonly message: string } | undefined,
): boolean => actual?.code === expected.code && expected.message.test(actual.message);

/** The SDKs of a pod send neither a session policy nor a ProviderId, so the command has no options for them. */
const isForDoctor = ({ policy, providerId }: Refusal): boolean =>
  policy === undefined && providerId === undefined;

/** What the library or the command says; the command ends with a code too. */
type Said = Omit<DoctorAnswer, 'code'> & Partial<DoctorAnswer>;

function judgeDiagnosis(
  { id, finding }: Refusal,
  { verdict, findings, stsError, code = 1 }: Said,
  answer: Extract<AssumeRoleAnswer, { ok: false }>,
): string[] {
  const ids = findings.filter(({ severity }) => severity === 'error').map((found) => found.id);
  const wrong: string[] = [];
  if (code !== 1) wrong.push(`${id}: irsa doctor ended with ${String(code)}`);
  if (verdict !== 'refused') wrong.push(`${id}: the doctor's verdict is ${verdict}`);
  if (!ids.includes(finding as (typeof ids)[number])) {
    wrong.push(`${id}: the doctor does not find ${finding}, but ${ids.join(', ') || 'nothing'}`);
  }
  if (stsError?.code !== answer.code) {
    wrong.push(
      `${id}: the doctor says STS answers ${String(stsError?.code)}, and it is ${answer.code}`,
    );
  }
  return wrong;
}

async function judgeControl(world: World, control: Refusal): Promise<string[]> {
  const { ca } = world.certificates;
  const allowed = await assumeRole({ ca, ...control });
  if (!allowed.ok) return [`the control is refused: ${allowed.code}: ${allowed.message}`];
  const explained = await explainWebIdentity(await gatherFacts(await world.aws(), ca, control));
  const asked = await askAbout(world, control);
  const both: readonly Said[] = [explained, asked];
  return both
    .filter(({ verdict, code = 0 }) => verdict !== 'ok' || code !== 0)
    .map(
      ({ verdict, findings }) =>
        `control: explained as ${verdict}: ${findings.map(({ id }) => id).join(', ')}`,
    );
}

/** The command itself, with the client's own settings. */
function askAbout(world: World, one: Refusal): Promise<DoctorAnswer> {
  const tokenFile = join(world.data, `${one.id}.token`);
  writeFileSync(tokenFile, one.token);
  const { durationSeconds, sessionName, roleArn } = one;
  const duration =
    durationSeconds === undefined ? [] : ['--duration-seconds', String(durationSeconds)];
  return askDoctor(
    world,
    ['--token-file', tokenFile, '--role', roleArn, ...duration],
    sessionName === undefined ? {} : { AWS_ROLE_SESSION_NAME: sessionName },
  );
}
