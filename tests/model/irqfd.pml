/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of an irqfd, as eventfd.c, routing.c and resampler.c have it.
 * Documentation/model.rst says which function each part stands for.
 *
 * What must hold is asserted where it would go wrong:
 *
 * - nobody uses an irqfd, a VM or an eventfd that is freed, or frees one twice;
 * - nothing is injected once deassign, or the close of the VM, returned;
 * - nothing is injected by the old route once a routing change returned, and no
 *   route is half of each;
 * - each event that an irqfd was there for is injected before that irqfd is
 *   freed, once, and the counters agree;
 * - nobody waits for ever (spin's own check: an invalid end state).
 *
 * What is atomic here is what nobody can see a part of: it is under a lock that all
 * who look also take.  Where one of these locks is a guard that is left out, there
 * are more steps.  Each process has a constant w: the guard that is left out, for the model must
 * then fail.  It and the scenario come from the environment, so that one
 * verifier serves all.
 */
/* Guards: tests/model/run has their names in this order. */
#define ALL_GUARDS		0
#define NO_IRQFDS_LOCK		1
#define NO_ACTIVE_CHECK		2
#define HUP_QUEUES_LATE		3
#define HUP_STAYS_QUEUED	4
#define NO_FLUSH		5
#define NO_CLEANUP_FLUSH	6
#define MUTEX_DROPPED_EARLY	7
#define NO_MUTEX		8
#define NO_FILE_HELD		9
#define NO_CTX_REF		10
#define NO_POLL			11
#define CHECK_UNLOCKED		12
#define PUBLISH_IN_TWO		13
#define DEASSIGN_KEEPS_COUNT	14
#define WAKEUP_KEEPS_COUNT	15
#define NO_ROUTE_WAIT		16
#define NO_PAIR_WAIT		17
#define SHORT_SECTION		18
#define NO_RETRY		19
#define ROUTE_READ_EARLY	20
#define UPDATE_FIRST		21
#define WAIT_UNDER_LOCK		22
#define LOCKS_REVERSED		23
#define NO_RESAMPLE_WAIT	24
#define WORK_NO_SECTION		25
#define RELEASE_LOOKS_UNLOCKED	26
#define WORK_TAKES_MUTEX	27
#define UPDATE_KEEPS_POINTER	28

/* Scenarios: who takes part. */
#define LIFE			1
#define AGAIN			2
#define REROUTE			3
#define PAIR			4
#define TAKEN			5
#define RESAMPLE		6
#define BOTH			7

#define NONE			3
#define OLD			1
#define NEW			2

typedef irqfd {
	bit vm;
	bool alive;		/* allocated and not freed */
	bool listed;		/* on the VM's list and its GSI's */
	bool updating;		/* on the list of a route change instead of its GSI's */
	bool pending;		/* the inject work is queued */
	bool running;		/* and is being done */
	bool dead;		/* on vm->irqfds.dead */
	bool debt;		/* an event is to be injected before the end */
	bool ended;		/* a deassign that ended it has returned */
	bool published;
	bool member;		/* of the resampler */
	byte seq;
	byte lo, hi;		/* two halves of the cached route */
}

irqfd I[2];

/* The eventfd: one counter, at most one irqfd on its wait queue. */
bool wqh_lock;
bool count;
byte queue = NONE;
bool fd_open = true;
byte file_refs = 1;
byte ctx_refs = 1;
bool owed;			/* the counter tells of an event not injected yet */

/* Two VMs; the second only takes part in TAKEN. */
bool mutex[2];
bool irqfds_lock[2];
bool cleanup_pending[2];
bool cleanup_running[2];
bool vm_freed[2];
byte ioctls[2];

/* Routing and the SRCU domain. */
bool irq_lock;
byte table = OLD;
bool grace_over = true;
bool old_gone;
bool gp_lock;
bit srcu_idx;
byte srcu_count[2];

bool resample;
byte signalled, accounted;
byte done;

#define use(i)		assert(I[i].alive)

inline lock(l)
{
	atomic { !l -> l = true }
}

inline unlock(l)
{
	l = false
}

inline srcu_enter()
{
	s = srcu_idx;
	srcu_count[s]++
}

inline srcu_exit()
{
	srcu_count[s]--
}

inline synchronize()
{
	atomic {
		!gp_lock && srcu_count[1 - srcu_idx] == 0 ->
		gp_lock = true;
		srcu_idx = 1 - srcu_idx
	};
	atomic { srcu_count[1 - srcu_idx] == 0 -> gp_lock = false }
}

inline deliver(i, first, second)
{
	assert(first != 0 && first == second);
	assert(!(first == OLD && old_gone));
	assert(!I[i].ended);
	assert(!vm_freed[I[i].vm]);
	I[i].debt = false;
	if
	:: queue == i -> owed = false
	:: else
	fi
}

/* irqfd_defer() */
inline queue_inject(i)
{
	if
	:: I[i].pending -> accounted++
	:: else -> I[i].pending = true
	fi
}

/* kev_irqfd_wakeup() for EPOLLIN: the counter is read */
inline drain(i)
{
	use(i);
	signalled++;
	if
	:: w != WAKEUP_KEEPS_COUNT -> count = false
	:: else
	fi
}

/* eventfd_write() or eventfd_signal(), and in it kev_irqfd_wakeup() */
inline signal_event()
{
	atomic {
		!wqh_lock ->
		assert(ctx_refs > 0);
		count = true;
		owed = true;
		i = queue;
		wqh_lock = (i != NONE)
	};
	if
	:: i == NONE
	:: i != NONE ->
	   /* Not where it was called, or where a sink may not deliver. */
	   d_step { drain(i); queue_inject(i); unlock(wqh_lock) }
	:: i != NONE && !resample ->
	   d_step { drain(i); srcu_enter() };
	   /* irqfd_route() */
	   do
	   :: atomic { I[i].seq % 2 == 0 -> seq = I[i].seq; lo = I[i].lo };
	      atomic {
		hi = I[i].hi;
		if
		:: w == NO_RETRY || I[i].seq == seq -> break
		:: else
		fi
	      }
	   od;
	   if
	   :: w == SHORT_SECTION -> srcu_exit()
	   :: else
	   fi;
	   d_step { deliver(i, lo, hi) };
	   d_step {
		if
		:: w != SHORT_SECTION -> srcu_exit()
		:: else
		fi;
		use(i);
		accounted++;
		unlock(wqh_lock)
	   }
	fi
}

inline bury(i)
{
	assert(!vm_freed[I[i].vm]);
	I[i].dead = true;
	cleanup_pending[I[i].vm] = true
}

/* Off the wait queue: what the counter still tells of is this irqfd's debt. */
inline take_off(i)
{
	if
	:: queue == i ->
	   queue = NONE;
	   I[i].debt = I[i].debt || owed;
	   owed = false
	:: else
	fi
}

/* kev_irqfd_deactivate() */
inline deactivate(i)
{
	I[i].listed = false;
	I[i].updating = false
}

/* irqfd_hup(), with kev_irqfd_deactivate(); under wqh_lock, which it drops */
inline hup(i)
{
	use(i);
	if
	:: w != NO_IRQFDS_LOCK -> lock(irqfds_lock[I[i].vm])
	:: else
	fi;
	own = I[i].listed || w == NO_ACTIVE_CHECK;
	/* Two steps: a look without the lock may come between them. */
	d_step {
		if
		:: own ->
		   deactivate(i);
		   if
		   :: w != HUP_STAYS_QUEUED -> take_off(i)
		   :: else
		   fi
		:: else
		fi
	};
	d_step {
		if
		:: own && w != HUP_QUEUES_LATE -> bury(i)
		:: else
		fi;
		assert(!vm_freed[I[i].vm]);
		irqfds_lock[I[i].vm] = false
	};
	if
	:: own && w == HUP_QUEUES_LATE -> d_step { bury(i) }
	:: else
	fi
}

/* fput() of the eventfd's file, and behind the last one eventfd_release() */
inline file_put()
{
	d_step { file_refs--; last = (file_refs == 0) };
	if
	:: last ->
	   atomic { !wqh_lock -> h = queue; wqh_lock = (h != NONE) };
	   if
	   :: h != NONE -> hup(h)
	   :: else
	   fi;
	   d_step { wqh_lock = wqh_lock && h == NONE; ctx_refs-- }
	:: else
	fi
}

/* irqfd_dequeue(): eventfd_ctx_remove_wait_queue() */
inline unhook(i)
{
	atomic {
		!wqh_lock ->
		use(i);
		assert(ctx_refs > 0);
		count = false;
		take_off(i)
	}
}

/* irqfd_free() */
inline free_irqfd(i)
{
	use(i);
	I[i].alive = false;
	if
	:: w != NO_CTX_REF -> ctx_refs--
	:: else
	fi;
	assert(!vm_freed[I[i].vm])
}

/* irqfd_end(): the work is flushed, kev_resampler_leave() */
inline end_irqfd(i)
{
	atomic {
		w == NO_FLUSH || (!I[i].pending && !I[i].running) ->
		use(i);
		assert(!I[i].debt);
		I[i].member = false
	}
}

/* irqfds_free() of one */
inline wait_and_free(i)
{
	if
	:: resample ->
	   if
	   :: w != NO_RESAMPLE_WAIT -> synchronize()
	   :: else
	   fi
	:: else
	fi;
	d_step { free_irqfd(i) }
}

#define LOCALS	byte i = NONE, h = NONE, seq, lo, hi; bit s; bool own, last

/* Those who signal. */

proctype write_event(byte w)
{
	LOCALS;

	if
	:: atomic { fd_open -> file_refs++ };
	   signal_event();
	   file_put()
	:: !fd_open
	fi;
	done++
}

/* The kernel's users of an eventfd hold its context alone, not its file. */
proctype signal_from_kernel(byte w)
{
	LOCALS;

	if
	:: atomic { fd_open -> ctx_refs++ };
	   signal_event();
	   ctx_refs--
	:: !fd_open
	fi;
	done++
}

proctype close_eventfd(byte w)
{
	LOCALS;

	fd_open = false;
	file_put();
	done++
}

/* irqfd_assign() */
proctype assign(byte w; bit v; byte me)
{
	LOCALS;
	bool taken;

	if
	:: atomic {
		fd_open ->
		file_refs++;
		I[me].vm = v;
		I[me].alive = true;
		I[me].member = resample;
		if
		:: w != NO_CTX_REF -> ctx_refs++
		:: else
		fi
	   };
	   if
	   :: w == NO_FILE_HELD -> file_put()
	   :: else
	   fi;

	   /* irqfd_assign_file(), irqfd_queue_proc() */
	   atomic {
		w == NO_MUTEX || !mutex[v] -> mutex[v] = true;
		srcu_enter();
		!wqh_lock -> wqh_lock = true;
		taken = (queue != NONE);
		lo = table
	   };
	   if
	   :: w == CHECK_UNLOCKED ->
	      unlock(wqh_lock);
	      lock(wqh_lock)
	   :: !taken && w == PUBLISH_IN_TWO ->
	      queue = me;
	      unlock(wqh_lock);
	      lock(wqh_lock)
	   :: else
	   fi;
	   if
	   :: !taken ->
	      atomic {
		!irqfds_lock[v] ->
		if
		:: w != ROUTE_READ_EARLY -> lo = table
		:: else
		fi;
		I[me].lo = lo;
		I[me].hi = lo;
		I[me].listed = true;
		assert(queue == NONE || w == PUBLISH_IN_TWO);
		queue = me;
		I[me].published = true;
		unlock(wqh_lock)
	      };
	      /* irqfd_queue(): the poll's look at the counter */
	      atomic {
		if
		:: count && w != NO_POLL ->
		   assert(owed);
		   use(me);
		   if
		   :: !I[me].pending -> I[me].pending = true; signalled++
		   :: else
		   fi
		:: else
		fi;
		srcu_exit();
		mutex[v] = false
	      }
	   :: else ->
	      d_step { unlock(wqh_lock); srcu_exit(); mutex[v] = false };
	      if
	      :: resample -> I[me].member = false; synchronize()
	      :: else
	      fi;
	      d_step { use(me); I[me].alive = false; ctx_refs-- }
	   fi;
	   if
	   :: w != NO_FILE_HELD -> file_put()
	   :: else
	   fi
	:: !fd_open
	fi;
	d_step { ioctls[v]--; done++ }
}

/*
 * irqfd_deassign_file(): irqfd_dequeue_proc(), and the end of what it found, under the
 * mutex.  A deassign that finds nothing has waited for others by taking it.
 */
proctype deassign(byte w; bit v)
{
	LOCALS;
	bool seen[2];

	if
	:: atomic { fd_open -> file_refs++ };
	   atomic {
		w == NO_MUTEX || !mutex[v] -> mutex[v] = true;
		!wqh_lock -> wqh_lock = true;
		i = queue;
		if
		:: i != NONE && I[i].vm == v ->
		   use(i);
		   !irqfds_lock[v] -> own = I[i].listed
		:: else
		fi;
		if
		:: own ->
		   deactivate(i);
		   take_off(i);
		   if
		   :: w != DEASSIGN_KEEPS_COUNT -> count = false
		   :: else
		   fi
		:: else ->
		   seen[0] = I[0].published && I[0].vm == v;
		   seen[1] = I[1].published && I[1].vm == v;
		   i = NONE
		fi;
		unlock(wqh_lock);
		mutex[v] = (i != NONE && w != MUTEX_DROPPED_EARLY)
	   };
	   if
	   :: i != NONE ->
	      end_irqfd(i);
	      mutex[v] = false;
	      file_put();
	      wait_and_free(i);
	      I[i].ended = true
	   :: else ->
	      atomic {
		!cleanup_pending[v] && !cleanup_running[v] ->
		I[0].ended = I[0].ended || seen[0];
		I[1].ended = I[1].ended || seen[1]
	      };
	      file_put()
	   fi
	:: !fd_open
	fi;
	d_step { ioctls[v]--; done++ }
}

/* kev_irqfds_update() for the one GSI, which drops the lock before it comes to I[0] */
inline update_irqfds()
{
	lock(irqfds_lock[0]);
	d_step { kept = I[0].listed; I[0].updating = I[0].listed };
	if
	:: w == WAIT_UNDER_LOCK -> synchronize()
	:: else
	fi;
	unlock(irqfds_lock[0]);

	lock(irqfds_lock[0]);
	if
	:: I[0].updating || (kept && w == UPDATE_KEEPS_POINTER) ->
	   d_step { use(0); I[0].seq++; I[0].lo = NEW };
	   d_step { I[0].hi = NEW; I[0].seq++; I[0].updating = false }
	:: else
	fi;
	unlock(irqfds_lock[0])
}

/* routing_replace(), with routing_publish() and routing_must_wait() */
proctype reroute(byte w)
{
	bool wait, kept;

	atomic {
		!irq_lock -> irq_lock = true;
		wait = (table != NEW);
		if
		:: w != UPDATE_FIRST -> table = NEW
		:: else
		fi
	};
	if
	:: wait -> update_irqfds()
	:: else
	fi;
	d_step {
		table = NEW;
		if
		:: wait -> grace_over = false
		:: else -> wait = !grace_over && w != NO_PAIR_WAIT
		fi;
		unlock(irq_lock)
	};
	if
	:: wait && w != NO_ROUTE_WAIT -> synchronize(); grace_over = true
	:: else
	fi;
	d_step { old_gone = true; ioctls[0]--; done++ }
}

#define is_listed(n)	(I[n].alive && I[n].listed && I[n].vm == v)

/* kev_irqfds_release(): the last step of the VM */
proctype release(byte w; bit v)
{
	LOCALS;

	ioctls[v] == 0;
	/* Until none is active: irqfds_deactivate_first() */
	do
	:: w == RELEASE_LOOKS_UNLOCKED && !is_listed(0) && !is_listed(1) -> break
	:: atomic {
		w == NO_IRQFDS_LOCK || !irqfds_lock[v] ->
		irqfds_lock[v] = (w != NO_IRQFDS_LOCK);
		if
		:: is_listed(0) -> i = 0
		:: !is_listed(0) && is_listed(1) -> i = 1
		:: else -> i = NONE; irqfds_lock[v] = false; break
		fi
	   };
	   d_step { deactivate(i) };
	   if
	   :: w == LOCKS_REVERSED -> unhook(i)
	   :: else
	   fi;
	   irqfds_lock[v] = false;
	   unhook(i);
	   end_irqfd(i);
	   wait_and_free(i)
	od;
	atomic {
		w == NO_CLEANUP_FLUSH || (!cleanup_pending[v] && !cleanup_running[v]) ->
		assert(!I[0].alive || I[0].vm != v);
		assert(!I[1].alive || I[1].vm != v);
		vm_freed[v] = true;
		done++
	}
}

/* Walks the resampler's list: resampler_notify(). */
proctype ack(byte w)
{
	bit s;

	d_step { srcu_enter() };
	if
	:: I[0].member -> d_step { use(0); srcu_exit() }
	:: !I[0].member -> srcu_exit()
	fi;
	done++
}

/* The work items. */

/* kev_irqfd_inject(): the route is the table's */
proctype inject_work(byte w; byte me)
{
	bit s;
	byte route;

end:	do
	:: atomic {
		I[me].pending ->
		I[me].pending = false;
		I[me].running = true;
		use(me)
	   };
	   if
	   :: w == WORK_TAKES_MUTEX -> lock(mutex[I[me].vm])
	   :: else
	   fi;
	   atomic {
		srcu_enter();
		route = table;
		if
		:: w == WORK_NO_SECTION -> srcu_exit()
		:: else
		fi
	   };
	   d_step { deliver(me, route, route) };
	   d_step {
		if
		:: w != WORK_NO_SECTION -> srcu_exit()
		:: else
		fi;
		use(me);
		accounted++;
		I[me].running = false;
		if
		:: w == WORK_TAKES_MUTEX -> unlock(mutex[I[me].vm])
		:: else
		fi
	   }
	od
}

/* irqfds_cleanup() */
proctype cleanup_work(byte w; bit v)
{
	LOCALS;
	bool mine[2];

end:	do
	:: atomic {
		cleanup_pending[v] ->
		cleanup_pending[v] = false;
		cleanup_running[v] = true;
		assert(!vm_freed[v]);
		mine[0] = I[0].dead && I[0].vm == v;
		mine[1] = I[1].dead && I[1].vm == v;
		I[0].dead = I[0].dead && !mine[0];
		I[1].dead = I[1].dead && !mine[1];
		i = 0
	   };
	   do
	   :: i < 2 && mine[i] -> unhook(i); end_irqfd(i); wait_and_free(i); i++
	   :: i < 2 && !mine[i] -> i++
	   :: i == 2 -> break
	   od;
	   cleanup_running[v] = false
	od
}

init {
	byte w, scenario, all;

	c_code {
		Pinit->w = atoi(getenv("KEV_WITHOUT"));
		Pinit->scenario = atoi(getenv("KEV_SCENARIO"));
	};
	/* An event from before, or none. */
	if
	:: d_step { count = true; owed = true }
	:: skip
	fi;
	resample = (scenario == RESAMPLE);
	atomic {
		run inject_work(w, 0);
		run cleanup_work(w, 0);
		run assign(w, 0, 0);
		if
		:: scenario == LIFE ->
		   ioctls[0] = 2;
		   run deassign(w, 0);
		   run signal_from_kernel(w);
		   run close_eventfd(w);
		   run release(w, 0);
		   all = 5
		:: scenario == AGAIN ->
		   ioctls[0] = 3;
		   run inject_work(w, 1);
		   run assign(w, 0, 1);
		   run deassign(w, 0);
		   run write_event(w);
		   run release(w, 0);
		   all = 5
		:: scenario == BOTH ->
		   ioctls[0] = 3;
		   run deassign(w, 0);
		   run deassign(w, 0);
		   run write_event(w);
		   run release(w, 0);
		   all = 5
		:: scenario == REROUTE ->
		   ioctls[0] = 2;
		   run reroute(w);
		   run signal_from_kernel(w);
		   run close_eventfd(w);
		   run release(w, 0);
		   all = 5
		:: scenario == PAIR ->
		   ioctls[0] = 3;
		   run reroute(w);
		   run reroute(w);
		   run signal_from_kernel(w);
		   run release(w, 0);
		   all = 5
		:: scenario == TAKEN ->
		   ioctls[0] = 1;
		   ioctls[1] = 2;
		   run inject_work(w, 1);
		   run assign(w, 1, 1);
		   run deassign(w, 1);
		   run write_event(w);
		   run release(w, 0);
		   run release(w, 1);
		   all = 6
		:: scenario == RESAMPLE ->
		   ioctls[0] = 2;
		   run deassign(w, 0);
		   run ack(w);
		   run signal_from_kernel(w);
		   run close_eventfd(w);
		   run release(w, 0);
		   all = 6
		fi
	};

	/* At the end all is quiet, and every signal is accounted for. */
	done == all && !cleanup_pending[0] && !cleanup_running[0] &&
	!I[0].pending && !I[0].running && !I[1].pending && !I[1].running;
	d_step {
		assert(signalled == accounted);
		assert(!I[0].alive && !I[1].alive);
		if
		:: fd_open -> assert(file_refs == 1 && ctx_refs == 1)
		:: else -> assert(file_refs == 0 && ctx_refs == 0)
		fi
	}
}
