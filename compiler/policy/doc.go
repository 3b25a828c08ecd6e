// Package policy is a policy with every name resolved and every value judged:
// the input of the lowerings, and the meaning they are proved against.
//
// A Policy holds what was declared; View is the same seen from one host: which
// services it carries or guards, what they claim there, and the four blocks,
// global and its own united. Nothing in a View refers to a name any more,
// except users and groups, which only the host can resolve, and interfaces,
// which only exist there.
package policy
