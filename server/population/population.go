// Package population plays honest members and cheaters of all sorts against the whole product, over its own HTTP API
// on a clock that moves by hand, to see that cheating does not pay and that honest people are left in peace. It is
// tests only: the small population runs with all others, the full one as make population.
package population
