// Command relabel-oracle says what Prometheus' own code makes of rules and labels: one JSON request a line on standard
// input, one JSON answer a line on standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
	"unicode"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"go.yaml.in/yaml/v2"
)

type request struct {
	// Rules is the value of `relabel_configs`, as YAML.
	Rules string `json:"rules"`
	// Legacy asks for the old label names.
	Legacy bool `json:"legacy"`
	// Labels are the targets that the rules are applied to.
	Labels []map[string]string `json:"labels"`
	// Times is how often, for the time it takes.
	Times int `json:"times"`
	// Unicode asks for Go's tables instead.
	Unicode bool `json:"unicode"`
}

type answer struct {
	// Error is why the rules are refused.
	Error string `json:"error,omitempty"`
	// Results has the labels of each target; null where a rule dropped it.
	Results []map[string]string `json:"results,omitempty"`
	// Nanoseconds is the time of all of it, for `times`.
	Nanoseconds int64 `json:"nanoseconds,omitempty"`
	// Unicode has, for each code point that is a letter, a digit or has another case: lower, upper, kind.
	Unicode map[rune][3]rune `json:"unicode,omitempty"`
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	in, encoder := json.NewDecoder(lines), json.NewEncoder(out)
	for {
		var asked request
		if err := in.Decode(&asked); err != nil {
			out.Flush()
			return
		}
		if err := encoder.Encode(respond(asked)); err != nil {
			panic(err)
		}
		if lines.Buffered() == 0 {
			out.Flush()
		}
	}
}

func respond(asked request) (given answer) {
	defer func() {
		if thrown := recover(); thrown != nil {
			given = answer{Error: fmt.Sprint("panic: ", thrown)}
		}
	}()
	if asked.Unicode {
		return answer{Unicode: tables()}
	}
	rules, err := read(asked)
	if err != nil {
		return answer{Error: err.Error()}
	}
	targets := make([]labels.Labels, len(asked.Labels))
	for i, target := range asked.Labels {
		targets[i] = labels.FromMap(target)
	}
	given.Results = make([]map[string]string, len(targets))
	for i, target := range targets {
		if builder := labels.NewBuilder(target); relabel.ProcessBuilder(builder, rules...) {
			given.Results[i] = builder.Labels().Map()
		}
	}
	given.Nanoseconds = measure(targets, rules, asked.Times)
	return given
}

func read(asked request) ([]*relabel.Config, error) {
	var rules []*relabel.Config
	if err := yaml.UnmarshalStrict([]byte(asked.Rules), &rules); err != nil {
		return nil, err
	}
	scheme := model.UTF8Validation
	if asked.Legacy {
		scheme = model.LegacyValidation
	}
	for _, rule := range rules {
		if err := rule.Validate(scheme); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func measure(targets []labels.Labels, rules []*relabel.Config, times int) int64 {
	builder := labels.NewBuilder(labels.EmptyLabels())
	started := time.Now()
	for range times {
		for _, target := range targets {
			builder.Reset(target)
			if relabel.ProcessBuilder(builder, rules...) {
				_ = builder.Labels()
			}
		}
	}
	return time.Since(started).Nanoseconds()
}

func tables() map[rune][3]rune {
	found := map[rune][3]rune{}
	for r := range rune(unicode.MaxRune + 1) {
		kind := rune(0)
		if unicode.IsLetter(r) {
			kind = 1
		} else if unicode.IsDigit(r) {
			kind = 2
		}
		lower, upper := unicode.ToLower(r), unicode.ToUpper(r)
		if kind != 0 || lower != r || upper != r {
			found[r] = [3]rune{lower, upper, kind}
		}
	}
	return found
}
