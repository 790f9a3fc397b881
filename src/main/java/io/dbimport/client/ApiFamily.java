package io.dbimport.client;

/** The two families of the API: the same calls under other paths. Immutable. */
public enum ApiFamily {
  /** For a platform's own environments, with a {@code component_access_token}. */
  COMPONENT(
      "/componenttcb/dbimport",
      "/componenttcb/dbmigrationstate",
      "/componenttcb/uploadfile",
      "/componenttcb/describeenvs",
      "/componenttcb/dbcollection?action=add"),
  /** For one app, with an {@code access_token}. */
  APP(
      "/tcb/databasemigrateimport",
      "/tcb/databasemigratequeryinfo",
      "/tcb/uploadfile",
      "/tcb/getenvinfo",
      "/tcb/databasecollectionadd");

  final String importPath;
  final String statePath;
  final String uploadPath;
  final String environmentsPath;
  final String addCollectionPath;

  ApiFamily(
      String importPath,
      String statePath,
      String uploadPath,
      String environmentsPath,
      String addCollectionPath) {
    this.importPath = importPath;
    this.statePath = statePath;
    this.uploadPath = uploadPath;
    this.environmentsPath = environmentsPath;
    this.addCollectionPath = addCollectionPath;
  }
}
