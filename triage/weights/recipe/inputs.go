package main

// input is a file of data that may be shipped.
type input struct{ file, licence string }

// inputs are all that the recipe reads besides the seed texts. Intents of banks and assistants are not among them: how
// quickly those are learned from a few examples is measured.
var inputs = []input{
	{"goemotions/train.csv", "Apache-2.0"},
	{"goemotions/dev.csv", "Apache-2.0"},
	{"xed/en.csv", "CC BY 4.0"},
	{"xed/vi.csv", "CC BY 4.0"},
	{"sms-spam/train.csv", "CC BY 4.0"},
	{"glove100-60k/words.txt", "PDDL 1.0"},
	{"glove100-60k/scale.f32", "PDDL 1.0"},
	{"glove100-60k/vec.i8", "PDDL 1.0"},
}

// seeds are texts written for Kith in the voices of customers.
var seeds = []string{"triage/weights/seed/en.tsv", "triage/weights/seed/vi.tsv"}
