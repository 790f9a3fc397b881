package io.dbimport.server;

import io.dbimport.engine.EngineSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Edits a file of apps as {@link AppsFile} reads it. What it does not know in the file stays. Each
 * change is a new file in place of the old one, with the old one's permissions; one that is made
 * can be read by its owner alone. Two editors at once: the last one wins. Confined to one thread.
 */
public final class AppsEditor {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final Path file;
  private final ArrayNode apps;

  private AppsEditor(Path file, ArrayNode apps) {
    this.file = file;
    this.apps = apps;
  }

  /**
   * Reads the file; one that is not there has no apps yet.
   *
   * @throws IOException when it cannot be read
   * @throws IllegalArgumentException when it is no JSON array of objects: quotes nothing of it
   */
  public static AppsEditor open(Path file) throws IOException {
    if (Files.notExists(file)) {
      return new AppsEditor(file, JSON.createArrayNode());
    }
    try {
      if (JSON.readTree(Files.readString(file)) instanceof ArrayNode apps
          && StreamSupport.stream(apps.spliterator(), false).allMatch(JsonNode::isObject)) {
        return new AppsEditor(file, apps);
      }
    } catch (JacksonException notJson) {
      // Jackson's text quotes the file, which holds secrets.
      throw new IllegalArgumentException(
          file + " is not JSON (line " + notJson.getLocation().getLineNr() + ")");
    }
    throw new IllegalArgumentException(file + " must be a JSON array of objects");
  }

  /** Whether others on the machine than its owner can read it. */
  public boolean readByOthers() throws IOException {
    if (Files.notExists(file)) {
      return false;
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
    return permissions.contains(PosixFilePermission.GROUP_READ)
        || permissions.contains(PosixFilePermission.OTHERS_READ);
  }

  /**
   * Adds an app and gives its secret.
   *
   * @throws IllegalArgumentException when there is one of that appid, or an environment may not
   *     have its name
   */
  public String add(String appid, List<String> environments, boolean cloudDevelopment) {
    if (find(appid).isPresent()) {
      throw new IllegalArgumentException("there is an app " + appid + " already");
    }
    for (String environment : environments) {
      if (!EngineSettings.isEnvironment(environment)) {
        throw new IllegalArgumentException(
            "\"%s\" is no environment: one is %s"
                .formatted(environment, EngineSettings.ACCEPTED_ENVIRONMENT));
      }
    }
    String secret = newSecret();
    ObjectNode app = apps.addObject().put("appid", appid).put("secret", secret);
    app.putArray("tokens");
    ArrayNode names = app.putArray("environments");
    environments.forEach(names::add);
    app.put("cloud_development", cloudDevelopment);
    return secret;
  }

  /**
   * Takes an app away.
   *
   * @throws IllegalArgumentException when there is none
   */
  public void remove(String appid) {
    var _ = existing(appid);
    apps.removeIf(app -> isNamed(app, appid));
  }

  /**
   * Gives an app a new secret in place of the old one.
   *
   * @throws IllegalArgumentException when there is no such app
   */
  public String renewSecret(String appid) {
    String secret = newSecret();
    existing(appid).put("secret", secret);
    return secret;
  }

  private ObjectNode existing(String appid) {
    return find(appid)
        .orElseThrow(
            () -> new IllegalArgumentException("there is no app " + appid + " in " + file));
  }

  private Optional<ObjectNode> find(String appid) {
    return StreamSupport.stream(apps.spliterator(), false)
        .filter(app -> isNamed(app, appid))
        .map(ObjectNode.class::cast)
        .findFirst();
  }

  private static boolean isNamed(JsonNode app, String appid) {
    return app.path("appid").asString("").equals(appid);
  }

  /** As long as the real ones. */
  private static String newSecret() {
    byte[] bytes = new byte[16];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** Puts the file in place of the old one, whole or not at all. */
  public void save() throws IOException {
    Set<PosixFilePermission> permissions =
        Files.exists(file) ? Files.getPosixFilePermissions(file) : OWNER_ONLY;
    Path target = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
    Path fresh =
        Files.createTempFile(
            target.getParent(), ".apps", ".json", PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    try {
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer text =
            ByteBuffer.wrap(
                (JSON.writeValueAsString(apps) + "\n").getBytes(StandardCharsets.UTF_8));
        while (text.hasRemaining()) {
          channel.write(text);
        }
        channel.force(true);
      }
      Files.setPosixFilePermissions(fresh, permissions);
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
