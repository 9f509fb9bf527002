package web

// Mood is how a customer sounds, as a person reads it at a glance. Each has a word, a colour and a
// shape of its own.
type Mood int

// The moods, from nothing to worry about to drop everything.
const (
	Calm Mood = iota
	Uneasy
	Upset
	Angry
	Crisis
)

var moods = [...]struct{ class, text, shape string }{
	Calm:   {"calm", "mood.calm", "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11"},
	Uneasy: {"uneasy", "mood.uneasy", "M8 1.5 14.5 8 8 14.5 1.5 8Z"},
	Upset:  {"upset", "mood.upset", "M8 2 14.5 13.5H1.5Z"},
	Angry:  {"angry", "mood.angry", "M2 2H14V14H2ZM8 5V8.5M8 11V11.1"},
	Crisis: {"crisis", "mood.crisis", "M4 2H12V14H4Z"},
}

func (m Mood) class() string { return moods[m].class }
func (m Mood) text() string  { return moods[m].text }
func (m Mood) shape() string { return moods[m].shape }
