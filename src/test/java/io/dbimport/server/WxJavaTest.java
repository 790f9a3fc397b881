package io.dbimport.server;

import static io.dbimport.server.TestServer.ENV;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import cn.binarywang.wx.miniapp.api.WxMaCloudService;
import cn.binarywang.wx.miniapp.api.impl.WxMaServiceImpl;
import cn.binarywang.wx.miniapp.bean.cloud.WxCloudCloudDatabaseMigrateQueryInfoResult;
import cn.binarywang.wx.miniapp.bean.cloud.WxCloudUploadFileResult;
import cn.binarywang.wx.miniapp.config.impl.WxMaDefaultConfigImpl;
import io.dbimport.fixtures.Eventually;
import io.dbimport.fixtures.PostgresFixture;
import io.dbimport.fixtures.PostgresFixture.Database;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import me.chanjar.weixin.common.error.WxErrorException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * WxJava, as Java programs call the real API with it, pointed at our server. It gets the upload
 * link but has no call for the form itself, which is sent by hand.
 */
final class WxJavaTest {
  private static final String FILE = "{\"_id\":\"a\",\"n\":1}\n{\"_id\":\"b\",\"n\":2}\nbroken\n";

  @TempDir Path root;

  private static WxMaServiceImpl client(TestServer server, String secret, boolean stable) {
    WxMaDefaultConfigImpl config = new WxMaDefaultConfigImpl();
    config.setAppid("app-3");
    config.setSecret(secret);
    config.setApiHostUrl(server.uri().toString());
    config.useStableAccessToken(stable);
    WxMaServiceImpl client = new WxMaServiceImpl();
    client.setWxMaConfig(config);
    return client;
  }

  private static int upload(TestServer server, WxCloudUploadFileResult link, String path)
      throws Exception {
    StringBuilder form = new StringBuilder();
    String[][] fields = {
      {"key", path},
      {"Signature", link.getAuthorization()},
      {"x-cos-security-token", link.getToken()},
      {"x-cos-meta-fileid", link.getCosFileId()},
      {"file", FILE}
    };
    for (String[] field : fields) {
      form.append("--b\r\nContent-Disposition: form-data; name=\"")
          .append(field[0])
          .append("\"\r\n\r\n")
          .append(field[1])
          .append("\r\n");
    }
    return server
        .send(
            HttpRequest.newBuilder(URI.create(link.getUrl()))
                .header("Content-Type", "multipart/form-data; boundary=b")
                .POST(BodyPublishers.ofString(form + "--b--\r\n")))
        .statusCode();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void importsAFileAndRenewsATokenThatIsExpired(boolean stable) throws Exception {
    Database database = PostgresFixture.freshDatabase();
    try (TestServer server =
        TestServer.start(database, root, TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      WxMaCloudService cloud = client(server, TestServer.APPSECRET, stable).getCloudService();
      cloud.databaseCollectionAdd(ENV, "things");
      assertThat(cloud.databaseCollectionGet(ENV, 10L, 0L).getCollections()).hasSize(1);
      assertThat(upload(server, cloud.uploadFile(ENV, "in/f.json"), "in/f.json")).isEqualTo(204);

      sql(database, "update dbimport.tokens set ends_at = now()");
      long job = cloud.databaseMigrateImport(ENV, "things", "in/f.json", 1, false, 2);

      WxCloudCloudDatabaseMigrateQueryInfoResult end =
          Eventually.see(
              "the job's end",
              () -> cloud.databaseMigrateQueryInfo(ENV, job),
              state -> state.getStatus().matches("success|fail"));
      assertThat(end.getStatus()).isEqualTo("success");
      assertThat(end.getRecordSuccess()).isEqualTo(2);
      assertThat(end.getRecordFail()).isEqualTo(1);
      try (Connection connection = database.connect();
          Statement select = connection.createStatement();
          ResultSet row =
              select.executeQuery("select sum((doc->>'n')::int) from \"demo-env\".things")) {
        row.next();
        assertThat(row.getInt(1)).isEqualTo(3);
      }
      cloud.databaseCollectionDelete(ENV, "things");
      assertCode(
          -502005, () -> cloud.databaseMigrateImport(ENV, "things", "in/f.json", 1, false, 2));
    }
  }

  private static void sql(Database database, String statement) throws Exception {
    try (Connection connection = database.connect();
        Statement run = connection.createStatement()) {
      run.execute(statement);
    }
  }

  @Test
  void toldOfAWrongSecretByItsCode() throws Exception {
    try (TestServer server =
        TestServer.start(
            PostgresFixture.freshDatabase(),
            root,
            TestServer.settings(ServerSettings.MAX_UPLOAD_BYTES))) {
      for (boolean stable : new boolean[] {false, true}) {
        assertCode(40125, () -> client(server, "wrong", stable).getAccessToken(true));
      }
    }
  }

  private static void assertCode(int code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            WxErrorException.class,
            error -> assertThat(error.getError().getErrorCode()).isEqualTo(code));
  }
}
