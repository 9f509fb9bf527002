// Command recipe makes the weights that the product ships, from public data that may be shipped and from texts written
// for Kith, and from nothing else. The data lie in the folder that is its argument.
package main

import (
	"encoding/binary"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

func main() {
	only := flag.String("only", "", "make one file")
	flag.Parse()
	if flag.NArg() != 2 {
		log.Fatal("recipe DATA OUT: the folder of public data and the folder for the weights")
	}
	k := kitchen{data: flag.Arg(0)}
	for _, dish := range []struct {
		name string
		make func() []byte
	}{{"words.bin", k.words}, {"emotions.bin", k.emotions}, {"heads.bin", k.heads}} {
		if *only != "" && *only != dish.name {
			continue
		}
		made := dish.make()
		if err := os.WriteFile(filepath.Join(flag.Arg(1), dish.name), made, 0o644); err != nil {
			log.Fatal(err)
		}
		fmt.Println(dish.name, len(made))
	}
}

type kitchen struct{ data string }

// open opens an input; what is not on the list cannot be used.
func (k kitchen) open(name string) *os.File {
	if !slices.ContainsFunc(inputs, func(in input) bool { return in.file == name }) {
		log.Fatalf("%s is no input of the recipe", name)
	}
	f, err := os.Open(filepath.Join(k.data, name))
	if err != nil {
		log.Fatal(err)
	}
	return f
}

func (k kitchen) bytes(name string) []byte {
	f := k.open(name)
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		log.Fatal(err)
	}
	return all
}

// table reads a CSV file of a text and its labels, separated by |.
func (k kitchen) table(name string) (texts []string, labels [][]string) {
	f := k.open(name)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		log.Fatalf("%s: %v", name, err)
	}
	for _, r := range rows[1:] {
		texts, labels = append(texts, triage.Clean(r[0])), append(labels, strings.Split(r[1], "|"))
	}
	return texts, labels
}

const (
	vectorSize  = 100
	vectorWords = 40_000
)

// words packs the vectors of the most frequent English words.
func (k kitchen) words() []byte {
	names := strings.Fields(string(k.bytes("glove100-60k/words.txt")))
	scales, cells := k.bytes("glove100-60k/scale.f32"), k.bytes("glove100-60k/vec.i8")
	var ids []uint64
	var scale []float32
	var kept []byte
	for i, name := range names[:vectorWords] {
		id, ok := triage.WordID(name)
		if !ok {
			continue
		}
		ids = append(ids, id)
		scale = append(scale, math.Float32frombits(binary.LittleEndian.Uint32(scales[4*i:])))
		kept = append(kept, cells[i*vectorSize:(i+1)*vectorSize]...)
	}
	return learner.PackVectors(vectorSize, ids, scale, kept)
}

// emotions teaches the emotions of two corpora, each with its own heads.
func (k kitchen) emotions() []byte {
	var texts []learner.Marked
	heads := map[string]int{}
	var parts [][2]int // of each text: the heads of its corpus
	var carried [][]string
	for _, corpus := range []struct {
		name  string
		files []string
	}{
		{"posts", []string{"goemotions/train.csv", "goemotions/dev.csv"}},
		{"film", []string{"xed/en.csv", "xed/vi.csv"}},
	} {
		first := len(heads)
		began := len(texts)
		for _, file := range corpus.files {
			lines, labels := k.table(file)
			for i, text := range lines {
				for j, label := range labels[i] {
					labels[i][j] = corpus.name + " " + label
				}
				carried = append(carried, labels[i])
				texts = append(texts, learner.Marked{Text: text})
			}
		}
		var names []string
		for _, labels := range carried[began:] {
			names = append(names, labels...)
		}
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			heads[name] = len(heads)
		}
		for range texts[began:] {
			parts = append(parts, [2]int{first, len(heads)})
		}
	}
	for i := range texts {
		texts[i].Marks = make([]int8, len(heads))
		for h := parts[i][0]; h < parts[i][1]; h++ {
			texts[i].Marks[h] = -1
		}
		for _, label := range carried[i] {
			texts[i].Marks[heads[label]] = 1
		}
	}
	return learner.TeachHeads(triage.Features, texts, learner.HeadSettings{
		Machine: learner.Machine{Cost: 0.1, Passes: 15, Close: 0.1},
		Weights: learner.Weights{learner.Word: 1, learner.Letters: 0.8, learner.Sign: 0.3}, Least: 3, Most: 48_000,
	})
}
