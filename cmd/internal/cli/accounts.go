package cli

import (
	"os/user"
	"strconv"

	"github.com/loward/loward/compiler/policy"
)

// accounts gives numbers to the names of users or groups that this system does not
// know, so that the rules of another machine can be tried here.
type accounts struct {
	known func(name string) bool
	taken func(id string) bool
	ids   map[string]string
	next  int
}

// firstAccount is where numbers begin that systems give to nobody by themselves.
const firstAccount = 60001

// nameless puts numbers for the strangers into a policy's rules and expectations.
func nameless(p *policy.Policy) {
	users := &accounts{
		known: func(name string) bool { _, err := user.Lookup(name); return err == nil },
		taken: func(id string) bool { _, err := user.LookupId(id); return err == nil },
		ids:   map[string]string{}, next: firstAccount,
	}
	groups := &accounts{
		known: func(name string) bool { _, err := user.LookupGroup(name); return err == nil },
		taken: func(id string) bool { _, err := user.LookupGroupId(id); return err == nil },
		ids:   map[string]string{}, next: firstAccount,
	}
	rules := func(list []*policy.Rule) {
		for _, r := range list {
			users.rename(r.Users)
			groups.rename(r.Groups)
		}
	}
	for _, v := range p.Views {
		for _, s := range v.Services {
			rules(s.LocalRules)
		}
		rules(v.Local.Rules)
		rules(v.Outbound.Rules)
	}
	for _, e := range p.Expects {
		if e.User != "" {
			e.User = users.of(e.User)
		}
	}
}

func (a *accounts) rename(names []string) {
	for i, name := range names {
		names[i] = a.of(name)
	}
}

// of a name is its number; a name that is known, or a number, is left alone.
func (a *accounts) of(name string) string {
	if _, err := strconv.ParseUint(name, 10, 32); err == nil || a.known(name) {
		return name
	}
	if a.ids[name] == "" {
		for a.taken(strconv.Itoa(a.next)) {
			a.next++
		}
		a.ids[name] = strconv.Itoa(a.next)
		a.next++
	}
	return a.ids[name]
}
