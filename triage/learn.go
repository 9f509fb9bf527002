package triage

import (
	"errors"
	"html"
	"strings"

	"github.com/kith-social/kith/triage/learner"
)

// Teaching is what a brand has to learn from.
type Teaching struct {
	Examples   []learner.Example
	Dev        []learner.Example // further ones, learned from as well if they are a third of the others or fewer
	Unlabelled []string          // texts of the same kind
}

// ErrOneLabel says that there is nothing to tell apart.
var ErrOneLabel = errors.New("examples need at least two labels")

// Learn learns the labels of a brand's examples. The order of the examples and the names of the labels play no part.
func Learn(t Teaching) (*learner.Classifier, error) {
	for i := range t.Examples {
		if t.Examples[i].Label != t.Examples[0].Label {
			return learner.Learn(learner.Teaching{
				Read: informed, Variant: Strip, Examples: cleanAll(t.Examples), Dev: cleanAll(t.Dev), Unlabelled: t.Unlabelled,
			}, learner.Default), nil
		}
	}
	return nil, ErrOneLabel
}

func cleanAll(examples []learner.Example) []learner.Example {
	cleaned := make([]learner.Example, len(examples))
	for i, e := range examples {
		cleaned[i] = learner.Example{Text: Clean(e.Text), Label: e.Label}
	}
	return cleaned
}

// Clean undoes what exports of networks do to texts: entities for signs and \n for ends of lines.
func Clean(text string) string {
	return strings.ReplaceAll(html.UnescapeString(text), `\n`, "\n")
}
