// Loads each file given as Talos machine configuration would load a patch, merges it into a freshly generated
// control-plane configuration, validates the outcome, and prints what the API server will be told.
//
//	talos-validate <contract, e.g. v1.14> <patch.yaml>...
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
)

type mode struct{}

func (mode) String() string        { return "metal" }
func (mode) RequiresInstall() bool { return false }
func (mode) InContainer() bool     { return false }

type outcome struct {
	Issuer          string              `json:"issuer"`
	AcceptedIssuers []string            `json:"acceptedIssuers"`
	AcceptedKeys    int                 `json:"acceptedKeys"`
	Audiences       []string            `json:"audiences"`
	ExtraArgs       map[string][]string `json:"extraArgs"`
	Warnings        []string            `json:"warnings"`
}

func validate(contractName string, files []string) (*outcome, error) {
	contract, err := config.ParseContractFromVersion(contractName)
	if err != nil {
		return nil, err
	}
	input, err := generate.NewInput("test", "https://control-plane.example.com:6443", "1.36.0",
		generate.WithVersionContract(contract))
	if err != nil {
		return nil, err
	}
	provider, err := input.Config(machine.TypeControlPlane)
	if err != nil {
		return nil, err
	}
	patches := make([]configpatcher.Patch, 0, len(files))
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		patch, err := configpatcher.LoadPatch(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		patches = append(patches, patch)
	}
	patched, err := configpatcher.Apply(configpatcher.WithConfig(provider), patches)
	if err != nil {
		return nil, err
	}
	merged, err := patched.Config()
	if err != nil {
		return nil, err
	}
	warnings, err := merged.Validate(mode{})
	if err != nil {
		return nil, err
	}
	result := &outcome{Warnings: warnings}
	if account := merged.K8sServiceAccountConfig(); account != nil {
		result.Issuer = account.IssuerURL()
		result.AcceptedIssuers = account.AcceptedIssuers()
		result.AcceptedKeys = len(account.AcceptedKeys())
		result.Audiences = account.APIAudiences()
	}
	if apiServer := merged.K8sAPIServerConfig(); apiServer != nil {
		result.ExtraArgs = apiServer.ExtraArgs()
	}
	return result, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: talos-validate CONTRACT FILE...")
		os.Exit(2)
	}
	result, err := validate(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
