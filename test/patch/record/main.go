// Runs the real amazon-eks-pod-identity-webhook on cases read from standard input, one JSON object a line, and answers one a line.
// Only its own packages decide: the ServiceAccount and the ConfigMap go in through the informers' event handlers, the identities
// file through its loader, the review through its HTTP handler.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/aws/amazon-eks-pod-identity-webhook/pkg"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/cache"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/containercredentials"
	"github.com/aws/amazon-eks-pod-identity-webhook/pkg/handler"
	corev1 "k8s.io/api/core/v1"
	coreinformers "k8s.io/client-go/informers/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

type settings struct {
	AnnotationDomain       *string               `json:"annotationDomain"`
	Audience               *string               `json:"audience"`
	TokenMountPath         *string               `json:"tokenMountPath"`
	TokenExpirationSeconds *int64                `json:"tokenExpirationSeconds"`
	Region                 *string               `json:"region"`
	RegionalSts            bool                  `json:"regionalSts"`
	ComposeRoleArn         *composeRoleArn       `json:"composeRoleArn"`
	ContainerCredentials   *containerCredentials `json:"containerCredentials"`
}

type composeRoleArn struct {
	AccountID string `json:"accountId"`
	Partition string `json:"partition"`
}

type containerCredentials struct {
	Audience        *string `json:"audience"`
	TokenMountPath  *string `json:"tokenMountPath"`
	TokenVolumeName *string `json:"tokenVolumeName"`
	TokenPath       *string `json:"tokenPath"`
	FullURI         *string `json:"fullUri"`
}

type input struct {
	// Review is the whole body; without it one is made of Namespace and Pod.
	Review         json.RawMessage `json:"review"`
	Namespace      string          `json:"namespace"`
	Pod            json.RawMessage `json:"pod"`
	ServiceAccount json.RawMessage `json:"serviceAccount"`
	ConfigMap      json.RawMessage `json:"configMap"`
	Identities     json.RawMessage `json:"identities"`
	Settings       settings        `json:"settings"`
	Jitter         float64         `json:"jitter"`
	// Repeat asks for the time of so many calls of the handler with the same review, after as many that are not timed.
	Repeat int `json:"repeat"`
	// Normalise asks for the typed round trip of a pod and nothing else.
	Normalise json.RawMessage `json:"normalise"`
}

type output struct {
	Allowed    bool            `json:"allowed"`
	UID        string          `json:"uid"`
	Message    string          `json:"message,omitempty"`
	Patch      json.RawMessage `json:"patch,omitempty"`
	Panic      string          `json:"panic,omitempty"`
	Normalised json.RawMessage `json:"normalised,omitempty"`
	// Microseconds is the mean of a call, where Repeat asks for it.
	Microseconds float64 `json:"microseconds,omitempty"`
}

// informer catches the event handler that the webhook's cache registers.
type informer struct {
	toolscache.SharedIndexInformer
	handler toolscache.ResourceEventHandler
}

func (i *informer) HasSynced() bool { return true }

func (i *informer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	i.handler = h
	return nil, nil
}

type accounts struct{ informer *informer }

func (a accounts) Informer() toolscache.SharedIndexInformer { return a.informer }
func (a accounts) Lister() corelisters.ServiceAccountLister { return nil }

type configMaps struct{ informer *informer }

func (c configMaps) Informer() toolscache.SharedIndexInformer { return c.informer }
func (c configMaps) Lister() corelisters.ConfigMapLister      { return nil }

var _ coreinformers.ServiceAccountInformer = accounts{}

// draw always gives the same number, so that jitter is an input.
type draw int64

func (d draw) Int63() int64 { return int64(d) }
func (d draw) Seed(int64)   {}

func text(value *string, fallback string) string {
	if value == nil {
		return fallback
	}
	return *value
}

func present(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

func run(in input) (out output) {
	defer func() {
		if r := recover(); r != nil {
			out = output{Panic: fmt.Sprint(r)}
		}
	}()
	if present(in.Normalise) {
		var pod corev1.Pod
		if err := json.Unmarshal(in.Normalise, &pod); err != nil {
			return output{Message: err.Error()}
		}
		raw, err := json.Marshal(pod)
		if err != nil {
			return output{Message: err.Error()}
		}
		return output{Normalised: raw}
	}
	s := in.Settings
	expiration := pkg.DefaultTokenExpiration
	if s.TokenExpirationSeconds != nil {
		expiration = *s.TokenExpirationSeconds
	}
	// As main.go does with its flag.
	expiration = pkg.ValidateMinTokenExpiration(expiration)
	compose := cache.ComposeRoleArn{}
	if s.ComposeRoleArn != nil {
		compose = cache.ComposeRoleArn{Enabled: true, AccountID: s.ComposeRoleArn.AccountID, Partition: s.ComposeRoleArn.Partition}
	}
	domain := text(s.AnnotationDomain, "eks.amazonaws.com")
	sa, cm := &informer{}, &informer{}
	c := cache.New(text(s.Audience, "sts.amazonaws.com"), domain, s.RegionalSts, expiration, accounts{sa}, configMaps{cm}, compose, nil)
	if present(in.ServiceAccount) {
		var account corev1.ServiceAccount
		if err := json.Unmarshal(in.ServiceAccount, &account); err == nil {
			sa.handler.OnAdd(&account, false)
		}
	}
	if present(in.ConfigMap) {
		var config corev1.ConfigMap
		if err := json.Unmarshal(in.ConfigMap, &config); err == nil {
			cm.handler.OnAdd(&config, false)
		}
	}
	cc := s.ContainerCredentials
	if cc == nil {
		cc = &containerCredentials{}
	}
	credentials := containercredentials.NewFileConfig(
		text(cc.Audience, "pods.eks.amazonaws.com"),
		text(cc.TokenMountPath, "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"),
		text(cc.TokenVolumeName, "eks-pod-identity-token"),
		text(cc.TokenPath, "eks-pod-identity-token"),
		text(cc.FullURI, "http://169.254.170.23/v1/credentials"))
	if present(in.Identities) {
		content := []byte(in.Identities)
		// A string is the file's text, anything else the parsed file.
		var asText string
		if json.Unmarshal(content, &asText) == nil {
			content = []byte(asText)
		}
		_ = credentials.Load(content)
	}
	random := rand.New(draw(7200 - int64(in.Jitter*7201)))
	modifier := handler.NewModifier(random,
		handler.WithAnnotationDomain(domain),
		handler.WithMountPath(text(s.TokenMountPath, "/var/run/secrets/eks.amazonaws.com/serviceaccount")),
		handler.WithServiceAccountCache(c),
		handler.WithContainerCredentialsConfig(credentials),
		handler.WithRegion(text(s.Region, "")))

	body := []byte(in.Review)
	if len(body) == 0 {
		object := in.Pod
		request := map[string]any{"uid": "1", "namespace": in.Namespace}
		if len(object) > 0 {
			request["object"] = object
		}
		var err error
		if body, err = json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": request}); err != nil {
			panic(err)
		}
	}
	handle := func() *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodPost, "/mutate", bytes.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		modifier.Handle(recorder, req)
		return recorder
	}
	recorder := handle()
	for range in.Repeat {
		handle()
	}
	start := time.Now()
	for range in.Repeat {
		handle()
	}
	elapsed := time.Since(start)
	var answer struct {
		Response struct {
			Allowed bool   `json:"allowed"`
			UID     string `json:"uid"`
			Status  struct {
				Message string `json:"message"`
			} `json:"status"`
			Patch []byte `json:"patch"`
		} `json:"response"`
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
		panic(err)
	}
	r := answer.Response
	out = output{Allowed: r.Allowed, UID: r.UID, Message: r.Status.Message, Patch: r.Patch}
	if in.Repeat > 0 {
		out.Microseconds = float64(elapsed.Nanoseconds()) / 1000 / float64(in.Repeat)
	}
	return out
}

func main() {
	klog.InitFlags(nil)
	_ = flag.Set("logtostderr", "false")
	_ = flag.Set("stderrthreshold", "FATAL")
	klog.SetOutput(io.Discard)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(writer)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var in input
			if err := json.Unmarshal(line, &in); err != nil {
				_ = encoder.Encode(output{Panic: "case: " + err.Error()})
			} else {
				_ = encoder.Encode(run(in))
			}
			_ = writer.Flush()
		}
		if err != nil {
			return
		}
	}
}
