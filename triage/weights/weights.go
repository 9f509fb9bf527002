// Package weights holds what the product ships of learned weights. make model makes them anew from the recipe's inputs; see
// README.md, the model card.
package weights

import (
	_ "embed"
	"sync"

	"github.com/kith-social/kith/triage/learner"
)

var (
	//go:embed emotions.bin
	emotions []byte
	//go:embed heads.bin
	heads []byte
	//go:embed words.bin
	words []byte
)

// Emotions are the heads of the emotions of posts and film lines, which help to learn other things.
var Emotions = sync.OnceValue(func() *learner.Heads { return must(learner.ReadHeads(emotions)) })

// Heads are the heads of triage, in its order.
var Heads = sync.OnceValue(func() *learner.Heads { return must(learner.ReadHeads(heads)) })

// Words are the vectors of English words.
var Words = sync.OnceValue(func() *learner.Vectors { return must(learner.ReadVectors(words)) })

func must[T any](read T, err error) T {
	if err != nil {
		panic(err) // an embedded file is broken: no test could have passed
	}
	return read
}
