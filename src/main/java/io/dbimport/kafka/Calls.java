package io.dbimport.kafka;

import io.dbimport.ImportApi;
import io.dbimport.ImportRequest;
import io.dbimport.JobReply;
import io.dbimport.Reply;
import io.dbimport.event.AcceptedJob;
import io.dbimport.worker.Call;
import io.dbimport.worker.Look;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Makes calls and takes looks, each on a virtual thread of its own, and brings every one of them
 * back through the queue. Thread-safe.
 */
final class Calls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Calls.class);

  private final ImportApi api;
  private final BlockingQueue<Inbound> inbox;
  private final Milestone.Listener milestones;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("call-", 0).factory());

  Calls(ImportApi api, BlockingQueue<Inbound> inbox, Milestone.Listener milestones) {
    this.milestones = milestones;
    this.api = api;
    this.inbox = inbox;
  }

  void start(Call call) {
    threads.execute(() -> make(call));
  }

  void start(Look look) {
    threads.execute(() -> inbox.add(new Inbound.Looked(look, taken(look.job()))));
  }

  private void make(Call call) {
    ImportRequest request = call.request();
    try (var _ = MDC.putCloseable("requestId", request.requestId())) {
      Reply reply = api.submit(request);
      milestones.reached(Milestone.CALL_ANSWERED);
      inbox.add(new Inbound.Answered(call, reply));
    } catch (InterruptedException stopped) {
      // The process ends before the answer came; what became of the call is not known here.
      LOG.warn("a call of {} was given up unanswered", request.requestId());
      Thread.currentThread().interrupt();
    } catch (RuntimeException bug) {
      LOG.error("a fault of ours in a call of {}", request.requestId(), bug);
      inbox.add(new Inbound.Broke(call, "calling failed: " + bug.getClass().getName()));
    }
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

  /** Interrupts what is still open. */
  @Override
  public void close() {
    threads.shutdownNow();
  }
}
