package io.dbimport.kafka;

import io.dbimport.ImportApi;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.worker.Call;
import io.dbimport.worker.Look;
import io.dbimport.worker.Moment;
import io.dbimport.worker.Probe;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Makes calls, takes looks and probes, each on a virtual thread of its own, and brings every one of
 * them back through the queue. Thread-safe.
 */
final class Calls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

  private final ImportApi api;
  private final Journal journal;
  private final Supplier<Moment> clock;
  private final BlockingQueue<Inbound> inbox;
  private final Milestone.Listener milestones;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("call-", 0).factory());

  Calls(
      ImportApi api,
      Journal journal,
      Supplier<Moment> clock,
      BlockingQueue<Inbound> inbox,
      Milestone.Listener milestones) {
    this.api = api;
    this.journal = journal;
    this.clock = clock;
    this.inbox = inbox;
    this.milestones = milestones;
  }

  void start(Call call) {
    threads.execute(() -> surely(() -> make(call)));
  }

  /**
   * Writes down that a call with a committed intent was not made, and never will be. Nothing comes
   * back through the queue.
   */
  void notMade(Call call) {
    journal.announce(call);
    // The loop must not wait for a broker that is silent.
    threads.execute(() -> surely(() -> journal.append(call, null)));
  }

  void start(Look look) {
    threads.execute(() -> surely(() -> inbox.add(new Inbound.Looked(look, taken(look.job())))));
  }

  void start(Probe probe) {
    threads.execute(() -> surely(() -> inbox.add(new Inbound.Probed(probe, answers(probe)))));
  }

  /** A broken world, such as no memory, must end the process, not only this thread. */
  private void surely(Runnable work) {
    try {
      work.run();
    } catch (Error broken) {
      inbox.add(new Inbound.Died(broken));
    }
  }

  private void make(Call call) {
    ImportRequest request = call.request();
    try (var _ = MDC.putCloseable("requestId", request.requestId())) {
      // This thread may have waited, or the process been frozen: somebody else may own it by now.
      if (clock.get().nanos() >= call.startByNanos()) {
        tell(call, null, new Inbound.NotSent(call));
        return;
      }
      Reply reply = api.submit(request);
      milestones.reached(Milestone.CALL_ANSWERED);
      tell(call, reply, new Inbound.Answered(call, reply));
    } catch (InterruptedException stopped) {
      // The process ends before the answer came; what became of the call is not known here.
      LOG.warn("a call of {} was given up unanswered", request.requestId());
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in a call of {}", request.requestId(), bug);
      inbox.add(new Inbound.Broke(call, "calling failed: " + bug.getClass().getName()));
    }
  }

  private void tell(Call call, @Nullable Reply reply, Inbound inbound) {
    if (!call.intended()) {
      inbox.add(inbound);
      return;
    }
    // The loop must not wait for a broker that is silent.
    journal.announce(call);
    inbox.add(inbound);
    journal.append(call, reply);
  }

  private JobReply taken(AcceptedJob job) {
    try {
      return api.state(job.request().appId(), job.request().parameters().env(), job.jobId());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return new JobReply.NotKnown(-1, "interrupted");
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in a look at job {}", job.jobId(), bug);
      return new JobReply.NotKnown(-1, "looking failed: " + bug.getClass().getName());
    }
  }

  private boolean answers(Probe probe) {
    try {
      return probe.answeredBy(api.presence(probe.appId()));
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in a probe", bug);
      return false;
    }
  }

  /** Interrupts what is still open. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
