import { findingCatalogue, type FindingId } from './finding-catalogue.js';
import { jsonText } from './read-json.js';
import type { Diagnosis, DiagnosisFinding, Fault, StsError } from './types.js';

const maxEvidence = 600;

/** Shortens a text of unknown origin, and keeps signatures of tokens out of it. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonText(value);
  const safe = text
    .slice(0, 4 * maxEvidence)
    .replace(/(eyJ[\w-]+\.[\w-]+)\.[\w-]+/g, '$1.(signature removed)')
    .replace(/[\u0000-\u001f\u007f]/g, ' ');
  return safe.length > maxEvidence ? `${safe.slice(0, maxEvidence)}…` : safe;
}

/** A finding of the catalogue with this case's evidence. */
export function makeFinding(id: FindingId, evidence: string, fix?: string): DiagnosisFinding {
  const { severity, title, fix: usual } = findingCatalogue[id];
  return {
    id,
    severity,
    title,
    evidence: shown(evidence),
    fix: fix ?? usual,
    docs: `docs/failures.md#${id}`,
  };
}

/** A finding with what STS answers because of it. */
export function makeFault(id: FindingId, evidence: string, sts?: StsError): Fault {
  return { finding: makeFinding(id, evidence), ...(sts === undefined ? {} : { sts }) };
}

const rank = { error: 0, warning: 1, info: 2 } as const;

/** Puts findings in order (errors as met, then warnings, then infos) and draws the verdict. */
export function concludeDiagnosis(faults: readonly Fault[]): Diagnosis {
  const findings = faults
    .map(({ finding }) => finding)
    .sort((a, b) => rank[a.severity] - rank[b.severity]);
  const firstRefusal = faults.findIndex(({ sts }) => sts !== undefined);
  const openBefore = faults
    .slice(0, firstRefusal)
    .some(({ finding }) => finding.id.startsWith('unknown-'));
  const sts = openBefore ? undefined : faults[firstRefusal]?.sts;
  const unknown = findings.some(({ id }) => id.startsWith('unknown-') || id === 'trust-undecided');
  const refused = findings.some(({ severity }) => severity === 'error');
  return {
    verdict: refused ? 'refused' : unknown ? 'unknown' : 'ok',
    findings,
    ...(sts === undefined ? {} : { stsError: sts }),
  };
}
