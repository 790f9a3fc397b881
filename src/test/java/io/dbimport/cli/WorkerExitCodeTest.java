package io.dbimport.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dbimport.kafka.WorkerEnd;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a worker's end says to whoever started the process. */
final class WorkerExitCodeTest {

  @Test
  void eachEndHasTheCodeOfTheContract() {
    assertThat(WorkerCommand.exitCode(new WorkerEnd.Drained())).isZero();
    assertThat(WorkerCommand.exitCode(new WorkerEnd.NotHandedOver(Set.of(0)))).isZero();
    assertThat(WorkerCommand.exitCode(new WorkerEnd.StoppedBeforeDrained("1 call"))).isEqualTo(75);
    assertThat(WorkerCommand.exitCode(new WorkerEnd.InstanceIdInUse("id"))).isEqualTo(78);
    assertThat(WorkerCommand.exitCode(new WorkerEnd.NotAuthorised("no"))).isEqualTo(77);
    assertThat(WorkerCommand.exitCode(new WorkerEnd.Broken(new IllegalStateException("bug"))))
        .isEqualTo(70);
  }
}
