// Prints the static pods that kubeadm writes for a ClusterConfiguration of any version it knows, experimental ones too:
// `kubeadm init` takes no experimental version, and `kubeadm config validate` stops before the command line.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	kubeadmapi "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm"
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme"
	"k8s.io/kubernetes/cmd/kubeadm/app/phases/controlplane"
)

func run(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cluster := kubeadmapi.ClusterConfiguration{}
	if err := runtime.DecodeInto(scheme.Codecs.UniversalDecoder(), text, &cluster); err != nil {
		return err
	}
	endpoint := kubeadmapi.APIEndpoint{AdvertiseAddress: "198.51.100.10", BindPort: 6443}
	pods := controlplane.GetStaticPodSpecs(&cluster, &endpoint, nil)
	return json.NewEncoder(os.Stdout).Encode(pods)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: kubeadm-v1 FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
