package diag

import "strings"

// maxNearest is the length of a word in bytes above which no nearest name is
// looked for: nobody misspells a name that long, and it bounds the time.
const maxNearest = 64

// Nearest returns the candidate that word is most likely a misspelling of, or
// "" where none is near: at most one edit in a word of up to four bytes, two in
// one of up to seven, three in a longer one. An edit is a byte inserted, left
// out, replaced, or exchanged with its neighbour; upper and lower case do not
// differ. Of equally near candidates the first wins, so the caller's order
// decides and the answer is always the same. A candidate equal to word is no
// answer.
func Nearest(word string, candidates []string) string {
	if word == "" || len(word) > maxNearest {
		return ""
	}
	low := strings.ToLower(word)
	limit := 3
	switch {
	case len(low) <= 4:
		limit = 1
	case len(low) <= 7:
		limit = 2
	}
	best := ""
	for _, c := range candidates {
		if c == word || len(c)-len(low) > limit || len(low)-len(c) > limit {
			continue
		}
		d := distance(low, strings.ToLower(c), limit)
		if d > limit || d >= len(low) {
			continue
		}
		best = c
		if d == 0 {
			break
		}
		limit = d - 1
	}
	return best
}

// distance is the optimal string alignment distance of two words, or anything
// above limit where it is above limit.
func distance(a, b string, limit int) int {
	if len(b) > 2*maxNearest {
		return limit + 1
	}
	var rows [3][2*maxNearest + 1]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
