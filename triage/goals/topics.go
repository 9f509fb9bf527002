package main

import (
	"strings"

	"github.com/kith-social/kith/triage"
	"github.com/kith-social/kith/triage/learner"
)

// scenarios are those of HWU64 as a brand would write its topics: a name and a few keywords, which were written here from
// the name. Small talk and general questions, the scenarios that are left, are about none of them.
var scenarios = []triage.Topic{
	{Name: "alarm", Keywords: []string{"alarm", "wake me up", "wake up", "snooze", "alarm clock", "ring"}},
	{Name: "audio", Keywords: []string{"volume", "mute", "louder", "quiet", "speaker", "sound", "silence"}},
	{Name: "calendar", Keywords: []string{"calendar", "meeting", "appointment", "event", "schedule", "reminder", "remind me"}},
	{Name: "cooking", Keywords: []string{"recipe", "cook", "ingredients", "oven", "boil", "bake", "dish"}},
	{Name: "datetime", Keywords: []string{"time", "date", "time zone", "clock", "what day", "hour"}},
	{Name: "email", Keywords: []string{"email", "mail", "inbox", "reply", "contact", "send"}},
	{Name: "iot", Keywords: []string{"lights", "lamp", "smart home", "vacuum", "coffee machine", "plug", "dim", "brightness"}},
	{Name: "lists", Keywords: []string{"list", "lists", "shopping list", "to do", "grocery", "add to"}},
	{Name: "music", Keywords: []string{"music", "song", "artist", "singer", "album", "genre"}},
	{Name: "news", Keywords: []string{"news", "headlines", "latest", "bbc", "newspaper", "happened"}},
	{Name: "play", Keywords: []string{"play", "radio", "podcast", "audiobook", "game", "playlist", "station"}},
	{Name: "recommendation", Keywords: []string{"recommend", "nearby", "restaurant", "movie", "cinema", "theatre", "events", "shops"}},
	{Name: "social", Keywords: []string{"tweet", "twitter", "facebook", "post", "social media", "status"}},
	{Name: "takeaway", Keywords: []string{"takeaway", "delivery", "pizza", "order food", "take out", "deliver"}},
	{Name: "transport", Keywords: []string{"train", "taxi", "bus", "traffic", "ticket", "uber", "route", "directions"}},
	{Name: "weather", Keywords: []string{"weather", "rain", "temperature", "forecast", "umbrella", "snow", "sunny"}},
}

// topics judges each scenario by its keywords and a number of examples, spread over its intents.
func topics(examples int) func(data) ([]learner.Judged, error) {
	return func(d data) ([]learner.Judged, error) {
		few, err := d.examples("train/hwu64/train_5shot.csv")
		if err != nil {
			return nil, err
		}
		asked, err := d.examples("train/hwu64/dev.csv")
		if err != nil {
			return nil, err
		}
		wanted := make([]triage.Topic, len(scenarios))
		for i, t := range scenarios {
			var all []string
			for _, e := range few {
				if strings.HasPrefix(e.Label, t.Name+"_") {
					all = append(all, e.Text)
				}
			}
			for n := range examples {
				t.Examples = append(t.Examples, all[n*len(all)/examples])
			}
			wanted[i] = t
		}
		scorer := triage.New(wanted)
		var judged []learner.Judged
		for _, e := range asked {
			p := map[string]float64{}
			for _, topic := range scorer.Report("", e.Text).Topics {
				p[topic.Name] = topic.P
			}
			for i, t := range wanted {
				judged = append(judged, learner.Judged{Truth: i, P: p[t.Name], Is: strings.HasPrefix(e.Label, t.Name+"_")})
			}
		}
		return judged, nil
	}
}

// eachAUC is the mean of the AUC of each topic.
func eachAUC(judged []learner.Judged) float64 {
	parts := make([][]learner.Judged, len(scenarios))
	for _, j := range judged {
		parts[j.Truth] = append(parts[j.Truth], j)
	}
	sum := 0.0
	for _, part := range parts {
		sum += learner.AUC(part) / float64(len(parts))
	}
	return sum
}
