// Package population plays honest members and cheaters of all sorts against the whole product, over its own HTTP API
// on a clock that moves by hand, to see that cheating does not pay and that honest people are left in peace. It is
// tests only, which run where they are asked for: the full population as make population, a small one in half a minute
// with KITH_POPULATION=small.
package population
