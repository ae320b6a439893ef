import fastJsonPatch from 'fast-json-patch';
import { applyPodPatch, reviewPod, serviceAccountOf } from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { deepFreeze, patchIn, recorded } from './support.js';

describe('reviewPod answers what kube-apiserver 1.37 sends', () => {
  it('mutates the s3-echoer pod', () => {
    const review = deepFreeze(recorded('s3-echoer'));
    const serviceAccount = deepFreeze(recorded('service-account-s3-echoer'));
    expect(serviceAccountOf(review)).toEqual({ namespace: 'default', name: 's3-echoer' });
    const answer = reviewPod(review, {
      findServiceAccount: (namespace, name) =>
        namespace === 'default' && name === 's3-echoer' ? serviceAccount : undefined,
      settings: { region: 'us-west-2' },
    });
    expect(answer).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      response: { uid: review.request.uid, allowed: true, patchType: 'JSONPatch' },
    });
    const patch = patchIn(answer);
    const pod = fastJsonPatch.applyPatch(structuredClone(review.request.object), patch).newDocument;
    expect(pod).toEqual(applyPodPatch(review.request.object, patch));
    expect(pod.spec.containers[0].env.slice(0, 4)).toEqual([
      { name: 'AWS_DEFAULT_REGION', value: 'us-west-2' },
      { name: 'AWS_REGION', value: 'us-west-2' },
      { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/s3-echoer' },
      {
        name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
        value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      },
    ]);
    expect(pod.spec.containers[0].volumeMounts.at(-1)).toEqual({
      name: 'aws-iam-token',
      mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
      readOnly: true,
    });
    expect(pod.spec.volumes.at(-1)).toEqual({
      name: 'aws-iam-token',
      projected: {
        sources: [
          {
            serviceAccountToken: {
              audience: 'sts.amazonaws.com',
              expirationSeconds: 86_400,
              path: 'token',
            },
          },
        ],
      },
    });
  });
});
