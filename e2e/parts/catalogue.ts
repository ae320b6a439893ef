import { fileURLToPath } from 'node:url';
import { cargoPart } from './cargo-part.js';
import { goPart } from './go-part.js';
import { mavenPart } from './maven-part.js';
import { pipPart } from './pip-part.js';
import type { Part } from './types.js';

const tools = (name: string): string => fileURLToPath(new URL(`../tools/${name}`, import.meta.url));

/** Without its version compiled in, Kubernetes takes itself for v0.0.0 and switches the wrong feature gates. */
const kubernetesVersion = (version: string): string => {
  const [major, minor] = version.slice(1).split('.');
  const set = (name: string, value: string): string =>
    `-X k8s.io/component-base/version.${name}=${value}`;
  return [
    '-s -w',
    set('gitVersion', version),
    set('gitMajor', major!),
    set('gitMinor', minor!),
  ].join(' ');
};

const kubernetes = (id: 'kube-apiserver' | 'kubectl' | 'kubeadm'): Part =>
  goPart({
    id,
    moduleFolder: tools('kubernetes'),
    mainPackage: `k8s.io/kubernetes/cmd/${id}`,
    versionOf: 'k8s.io/kubernetes',
    ldflags: kubernetesVersion,
  });

export type PartId =
  | 'versitygw'
  | 'etcd'
  | 'kubectl'
  | 'kube-apiserver'
  | 'eks-webhook'
  | 'kubeadm'
  | 'boto3'
  | 'client-go'
  | 'client-java'
  | 'client-rust';

/** Every part that a run can ask for, in the order in which they are built: the quick ones first. */
export const partsCatalogue: Readonly<Record<PartId, Part>> = {
  versitygw: goPart({
    id: 'versitygw',
    moduleFolder: tools('versitygw'),
    mainPackage: 'github.com/versity/versitygw/cmd/versitygw',
    versionOf: 'github.com/versity/versitygw',
  }),
  etcd: goPart({
    id: 'etcd',
    moduleFolder: tools('kubernetes'),
    mainPackage: 'go.etcd.io/etcd/server/v3',
    versionOf: 'go.etcd.io/etcd/server/v3',
  }),
  kubectl: kubernetes('kubectl'),
  'kube-apiserver': kubernetes('kube-apiserver'),
  'eks-webhook': goPart({
    id: 'eks-webhook',
    moduleFolder: tools('eks-webhook'),
    mainPackage: 'github.com/aws/amazon-eks-pod-identity-webhook',
    versionOf: 'github.com/aws/amazon-eks-pod-identity-webhook',
  }),
  kubeadm: kubernetes('kubeadm'),
  boto3: pipPart({ id: 'boto3', folder: tools('clients/python') }),
  'client-go': goPart({
    id: 'client-go',
    moduleFolder: tools('clients/go'),
    mainPackage: '.',
    versionOf: 'github.com/aws/aws-sdk-go-v2',
    sources: ['main.go'],
  }),
  'client-java': mavenPart({
    id: 'client-java',
    folder: tools('clients/java'),
    versionProperty: 'aws.version',
    sources: ['src/main/java/PutAndList.java'],
  }),
  'client-rust': cargoPart({
    id: 'client-rust',
    folder: tools('clients/rust'),
    versionOf: 'aws-sdk-s3',
  }),
};
