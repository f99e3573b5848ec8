// Command manager is a small program made with controller-runtime, as people run one on their own machine while they
// write it. Its one controller looks at ConfigMaps: each with a key "fail" is refused, and so tried again and again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

type reconciler struct{ client.Client }

func (r reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	var seen corev1.ConfigMap
	if err := r.Get(ctx, request.NamespacedName, &seen); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if _, fails := seen.Data["fail"]; fails {
		return reconcile.Result{}, errors.New("it is asked to fail")
	}
	return reconcile.Result{}, nil
}

func run() error {
	// Left out, controller-runtime's own default holds: port 8080 of every address.
	address := flag.String("metrics-bind-address", "", "where metrics are served")
	// The certificate is one that controller-runtime makes for itself.
	secure := flag.Bool("metrics-secure", false, "whether metrics are served over TLS")
	namespace := flag.String("namespace", "default", "whose ConfigMaps are looked at")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics: metricsserver.Options{BindAddress: *address, SecureServing: *secure},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{*namespace: {}}},
	})
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Complete(reconciler{manager.GetClient()})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
